// Gửi một sự kiện đã ký lên cổng tiếp nhận bằng .NET 8, không cần gói nào. / Publish one signed event with .NET 8 alone.
//
//     dotnet run -- TYPE SUBJECT DATA.json
//
// THIDUA_URL, THIDUA_ORIGIN, THIDUA_KEY (PEM), THIDUA_KID, THIDUA_SOURCE: shared/README.md.
// Kết thúc / exit: 0 đã ghi / recorded, 3 bị từ chối / refused, 1 chưa vào sổ / not in the log.
//
// .NET 8 has no Ed25519, so this checks hash and position of the answer; check the door's signature with
// `thidua receipt`, or with a library such as BouncyCastle: GET /v1/receipts/{hash}?signed=true.
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

string Env(string name) => Environment.GetEnvironmentVariable("THIDUA_" + name)!;
string B64u(byte[] raw) => Convert.ToBase64String(raw).TrimEnd('=').Replace('+', '-').Replace('/', '_');
string Sha256u(string text) => B64u(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var found) ? found.ToString() : null;
Console.OutputEncoding = Encoding.UTF8;
var (type, subject, data) = (args[0], args[1], File.ReadAllText(args[2]));
var service = type.Split('.')[1];
using var http = new HttpClient { BaseAddress = new Uri(Env("URL")) };

// Step 1. Where the key's chain with this service stands.
var asked = JsonDocument.Parse(await http.GetStringAsync($"/v1/keys/{Env("KID")}/head?service={service}"));
var head = asked.RootElement.GetProperty("heads").GetProperty(service);
var seq = head.GetProperty("seq").GetInt64() + 1;
var prev = head.GetProperty("hash").GetString() ?? Sha256u("");

// Step 2. The event, and the text that is signed: base64url(header) "." base64url(event).
var id = Guid.NewGuid();
var time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
var header = $$"""{"alg":"ES256","kid":"{{Env("KID")}}","typ":"thidua-event+jws"}""";
var payload = $$"""{"specversion":"1.0","id":"{{id}}","source":"{{Env("SOURCE")}}","type":"{{type}}","subject":"{{subject}}","time":"{{time}}","datacontenttype":"application/json","aud":"{{Env("ORIGIN")}}","seq":{{seq}},"prev":"{{prev}}","data":{{data}}}""";
var input = B64u(Encoding.UTF8.GetBytes(header)) + "." + B64u(Encoding.UTF8.GetBytes(payload));
var hash = Sha256u(input);

// Step 3. ES256: .NET gives r and s with 32 bytes each, as JOSE wants them; of s and n - s only the smaller one is taken.
using var key = ECDsa.Create();
key.ImportFromPem(File.ReadAllText(Env("KEY")));
var signature = key.SignData(Encoding.UTF8.GetBytes(input), HashAlgorithmName.SHA256);
var n = BigInteger.Parse("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", NumberStyles.HexNumber);
var s = new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);
var low = BigInteger.Min(s, n - s).ToByteArray(isUnsigned: true, isBigEndian: true);
signature.AsSpan(32).Clear();
low.CopyTo(signature.AsSpan(64 - low.Length));

// Step 4. Send it and wait for the judgement; an error's body says in Vietnamese what to mend.
var request = new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = new StringContent(input + "." + B64u(signature)) };
request.Content.Headers.ContentType = new("application/jose");
request.Headers.Add("Prefer", "wait=10");
var answer = await (await http.SendAsync(request)).Content.ReadAsStringAsync();
var told = JsonDocument.Parse(answer).RootElement;

// Step 5. What became of it.
if (Text(told, "position") is not { } position)
{
    Console.WriteLine($"CHƯA VÀO SỔ: {Text(told, "title_vi") ?? "chưa xét xong"}. {Text(told, "detail_vi")}");
    Console.WriteLine($"Cách sửa: {Text(told, "fix_vi") ?? "hỏi lại tại " + Text(told, "receipt")}");
    return 1;
}
var recorded = Text(told, "outcome") == "recorded";
Console.WriteLine(recorded
    ? $"ĐÃ GHI NHẬN tại vị trí {position}, lúc {Text(told, "rx")}."
    : $"BỊ TỪ CHỐI tại vị trí {position}: {Text(told, "title_vi")}. {Text(told, "detail_vi")}\nCách sửa: {Text(told, "fix_vi")}");
if (Text(told, "hash") != hash)
{
    Console.Error.WriteLine("BIÊN NHẬN KHÔNG ĐÚNG: hãy báo người vận hành");
    return 1;
}
Console.WriteLine($"Biên nhận đúng: {hash}");
return recorded ? 0 : 3;
