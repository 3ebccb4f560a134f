// Gửi một sự kiện đã ký lên cổng tiếp nhận bằng JDK 17, không cần thư viện. / Publish one signed event with the JDK 17 alone.
//
//     java Publish.java TYPE SUBJECT DATA.json
//
// THIDUA_URL, THIDUA_ORIGIN, THIDUA_KEY (PEM), THIDUA_KID, THIDUA_SOURCE, THIDUA_DOOR_KEY (PEM): shared/README.md.
// Kết thúc / exit: 0 đã ghi / recorded, 3 bị từ chối / refused, 1 chưa vào sổ / not in the log.
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Publish {
    static final BigInteger N = new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);
    static final PrintStream OUT = new PrintStream(System.out, true, UTF_8);
    static final HttpClient HTTP = HttpClient.newHttpClient();

    static String env(String name) { return System.getenv("THIDUA_" + name); }
    static String b64u(byte[] raw) { return Base64.getUrlEncoder().withoutPadding().encodeToString(raw); }
    static byte[] unb64u(String text) { return Base64.getUrlDecoder().decode(text); }
    static String sha256u(String text) throws Exception {
        return b64u(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
    }

    /** The bytes of a PEM file. */
    static byte[] pem(String name) throws Exception {
        return Base64.getDecoder().decode(Files.readString(Path.of(env(name))).replaceAll("-----[^-]+-----|\\s", ""));
    }

    /** The first member of that name in a JSON answer of the door; "" when it has none. A program uses its JSON library. */
    static String member(String name, String json) {
        Matcher found = Pattern.compile("\"" + name + "\": ?(?:\"([^\"]*)\"|([0-9]+))").matcher(json);
        return !found.find() ? "" : found.group(1) != null ? found.group(1) : found.group(2);
    }

    /** The body of the door's answer, an error's too: it says in Vietnamese what to mend. */
    static String ask(String path, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(env("URL").replaceAll("/$", "") + path));
        if (body != null)
            request.header("Content-Type", "application/jose").header("Prefer", "wait=10")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        try {
            return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString(UTF_8)).body();
        } catch (IOException error) {
            OUT.println("KHÔNG NỐI ĐƯỢC cổng tiếp nhận " + env("URL") + ": " + error);
            System.exit(1);
            throw error;
        }
    }

    static void notInTheLog(String told) {
        OUT.println("CHƯA VÀO SỔ: " + member("title_vi", told) + ". " + member("detail_vi", told));
        OUT.println("Cách sửa: " + member("fix_vi", told) + member("receipt", told));
        System.exit(1);
    }

    /** r and s with 32 bytes each, as JOSE wants them ("inP1363Format"); of s and n - s only the smaller one is taken. */
    static byte[] es256(String input) throws Exception {
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initSign(KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(pem("KEY"))));
        signature.update(input.getBytes(UTF_8));
        byte[] raw = signature.sign();
        BigInteger s = new BigInteger(1, raw, 32, 32);
        byte[] low = s.min(N.subtract(s)).toByteArray();
        Arrays.fill(raw, 32, 64, (byte) 0);
        int length = Math.min(low.length, 32);
        System.arraycopy(low, low.length - length, raw, 64 - length, length);
        return raw;
    }

    /** The receipt signed by the door says the same as the answer. */
    static boolean receiptHolds(String told, String hash) throws Exception {
        String[] parts = ask("/v1/receipts/" + hash + "?signed=true", null).split("\\.");
        if (parts.length != 3) return false;
        Signature signature = Signature.getInstance("Ed25519");
        signature.initVerify(KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(pem("DOOR_KEY"))));
        signature.update((parts[0] + "." + parts[1]).getBytes(UTF_8));
        try {
            if (!signature.verify(unb64u(parts[2]))) return false;
        } catch (SignatureException | IllegalArgumentException malformed) {
            return false;
        }
        String header = new String(unb64u(parts[0]), UTF_8), receipt = new String(unb64u(parts[1]), UTF_8);
        boolean same = member("typ", header).equals("thidua-receipt+jws") && member("origin", receipt).equals(env("ORIGIN"))
            && member("hash", told).equals(hash) && member("hash", receipt).equals(hash);
        for (String name : new String[] {"position", "entry_hash", "outcome"})
            same = same && member(name, receipt).equals(member(name, told));
        return same;
    }

    /** A file that cannot be read, or is not what it should be: one line. */
    public static void main(String[] args) {
        try {
            publish(args);
        } catch (Exception fault) {
            new PrintStream(System.err, true, UTF_8).println("LỖI / error: " + fault);
            System.exit(1);
        }
    }

    static void publish(String[] args) throws Exception {
        if (args.length != 3) throw new Exception("Cách dùng / usage: Publish.java TYPE SUBJECT DATA.json");
        String type = args[0], subject = args[1], data = Files.readString(Path.of(args[2]));
        String service = type.split("\\.")[1];
        String head = ask("/v1/keys/" + env("KID") + "/head?service=" + service, null);
        if (member("seq", head).isEmpty()) notInTheLog(head);
        String prev = member("hash", head).isEmpty() ? sha256u("") : member("hash", head);
        String event = """
            {"specversion":"1.0","id":"%s","source":"%s","type":"%s","subject":"%s","time":"%s",\
            "datacontenttype":"application/json","aud":"%s","seq":%d,"prev":"%s","data":%s}""".formatted(
            UUID.randomUUID(), env("SOURCE"), type, subject, Instant.now().truncatedTo(ChronoUnit.SECONDS),
            env("ORIGIN"), Long.parseLong(member("seq", head)) + 1, prev, data);
        String header = """
            {"alg":"ES256","kid":"%s","typ":"thidua-event+jws"}""".formatted(env("KID"));
        String input = b64u(header.getBytes(UTF_8)) + "." + b64u(event.getBytes(UTF_8));
        String hash = sha256u(input);

        String told = ask("/v1/events", input + "." + b64u(es256(input)));
        String position = member("position", told);
        boolean recorded = member("outcome", told).equals("recorded");
        if (position.isEmpty()) notInTheLog(told);
        if (recorded) OUT.println("ĐÃ GHI NHẬN tại vị trí " + position + ", lúc " + member("rx", told) + ".");
        else {
            OUT.println("BỊ TỪ CHỐI tại vị trí " + position + ": " + member("title_vi", told) + ". " + member("detail_vi", told));
            OUT.println("Cách sửa: " + member("fix_vi", told));
        }
        if (!receiptHolds(told, hash)) {
            OUT.println("BIÊN NHẬN KHÔNG ĐÚNG: hãy báo người vận hành");
            System.exit(1);
        }
        OUT.println("Biên nhận đúng, có chữ ký của cổng: " + hash);
        System.exit(recorded ? 0 : 3);
    }
}
