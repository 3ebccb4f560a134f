<?php
/*
 * Gửi một sự kiện đã ký lên cổng tiếp nhận bằng PHP 8 (openssl, sodium có sẵn). / Publish one signed event with stock PHP 8.
 *
 *     php publish.php TYPE SUBJECT DATA.json
 *
 * THIDUA_URL, THIDUA_ORIGIN, THIDUA_KEY (PEM), THIDUA_KID, THIDUA_SOURCE, THIDUA_DOOR_KEY (PEM): shared/README.md.
 * Kết thúc / exit: 0 đã ghi / recorded, 3 bị từ chối / refused, 1 chưa vào sổ / not in the log.
 */
declare(strict_types=1);

function b64u(string $raw): string { return rtrim(strtr(base64_encode($raw), '+/', '-_'), '='); }
function unb64u(string $text): string { return base64_decode(strtr($text, '-_', '+/')); }
function sha256u(string $raw): string { return b64u(hash('sha256', $raw, true)); }
function json(mixed $value): string { return json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR); }

/** The body of the door's answer, an error's too: it says in Vietnamese what to mend. */
function ask(string $path, ?string $body = null, array $headers = []): string {
    $http = ['method' => $body === null ? 'GET' : 'POST', 'header' => $headers, 'content' => $body ?? '',
        'ignore_errors' => true, 'timeout' => 30];
    $url = rtrim(getenv('THIDUA_URL'), '/') . $path;
    $answer = @file_get_contents($url, false, stream_context_create(['http' => $http]));
    if ($answer === false) {
        fwrite(STDERR, "KHÔNG NỐI ĐƯỢC cổng tiếp nhận $url\n");
        exit(1);
    }
    return $answer;
}

function not_in_the_log(array $told): never {
    echo 'CHƯA VÀO SỔ: ', $told['title_vi'] ?? 'chưa xét xong', '. ', $told['detail_vi'] ?? '', "\n";
    echo 'Cách sửa: ', $told['fix_vi'] ?? "hỏi lại tại {$told['receipt']}", "\n";
    exit(1);
}

/** OpenSSL writes DER; JOSE wants r and s with 32 bytes each, and of s and n - s the smaller one. */
function jose(string $der): string {
    $at = 2; // a P-256 signature always fits the short form of DER
    $numbers = [];
    for ($i = 0; $i < 2; $i++) {
        $length = ord($der[$at + 1]);
        $numbers[] = str_pad(ltrim(substr($der, $at + 2, $length), "\0"), 32, "\0", STR_PAD_LEFT);
        $at += 2 + $length;
    }
    [$r, $s] = $numbers;
    $n = hex2bin('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
    $half = hex2bin('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8');
    if (strcmp($s, $half) > 0) {
        for ($i = 31, $borrow = 0; $i >= 0; $i--) {
            $digit = ord($n[$i]) - ord($s[$i]) - $borrow;
            $borrow = $digit < 0 ? 1 : 0;
            $s[$i] = chr($digit + 256 * $borrow);
        }
    }
    return $r . $s;
}

/** The receipt signed by the door says the same as the answer. */
function receipt_holds(array $told, string $hash): bool {
    [$header, $payload, $signature] = explode('.', ask("/v1/receipts/$hash?signed=true")) + ['', '', ''];
    // The last 32 bytes of an Ed25519 public key's DER are the key itself.
    $der = base64_decode(preg_replace('/-----[^-]+-----|\s/', '', file_get_contents(getenv('THIDUA_DOOR_KEY'))));
    if (strlen(unb64u($signature)) !== 64
        || !sodium_crypto_sign_verify_detached(unb64u($signature), "$header.$payload", substr($der, -32))) {
        return false;
    }
    $receipt = json_decode(unb64u($payload), true);
    return json_decode(unb64u($header), true)['typ'] === 'thidua-receipt+jws'
        && [$told['hash'], $receipt['hash'], $receipt['origin']] === [$hash, $hash, getenv('THIDUA_ORIGIN')]
        && [$receipt['position'], $receipt['entry_hash'], $receipt['outcome']]
            === [$told['position'], $told['entry_hash'], $told['outcome']];
}

// A file that cannot be read, or is not what it should be: one line.
set_error_handler(fn(int $level, string $what) => error_reporting() & $level ? throw new ErrorException($what) : true);
set_exception_handler(function (Throwable $fault): void {
    fwrite(STDERR, "LỖI / error: {$fault->getMessage()}\n");
    exit(1);
});
if ($argc !== 4) throw new Exception('Cách dùng / usage: publish.php TYPE SUBJECT DATA.json');
[, $type, $subject, $file] = $argv;
$service = explode('.', $type)[1];
$kid = getenv('THIDUA_KID');
$asked = json_decode(ask("/v1/keys/$kid/head?service=$service"), true);
$head = $asked['heads'][$service] ?? not_in_the_log($asked);
$event = json([
    'specversion' => '1.0',
    'id' => bin2hex(random_bytes(16)), // any text that this source never uses again
    'source' => getenv('THIDUA_SOURCE'),
    'type' => $type,
    'subject' => $subject,
    'time' => gmdate('Y-m-d\TH:i:s\Z'),
    'datacontenttype' => 'application/json',
    'aud' => getenv('THIDUA_ORIGIN'),
    'seq' => $head['seq'] + 1,
    'prev' => $head['hash'] ?? sha256u(''),
    'data' => json_decode(file_get_contents($file), false, 64, JSON_THROW_ON_ERROR),
]);
$input = b64u(json(['alg' => 'ES256', 'kid' => $kid, 'typ' => 'thidua-event+jws'])) . '.' . b64u($event);
$hash = sha256u($input);
openssl_sign($input, $der, openssl_pkey_get_private(file_get_contents(getenv('THIDUA_KEY'))), OPENSSL_ALGO_SHA256);

$told = json_decode(ask('/v1/events', $input . '.' . b64u(jose($der)), ['Content-Type: application/jose', 'Prefer: wait=10']), true);
if (!isset($told['position'])) not_in_the_log($told);
if ($told['outcome'] === 'recorded') {
    echo "ĐÃ GHI NHẬN tại vị trí {$told['position']}, lúc {$told['rx']}.\n";
} else {
    echo "BỊ TỪ CHỐI tại vị trí {$told['position']}: {$told['title_vi']}. {$told['detail_vi']}\nCách sửa: {$told['fix_vi']}\n";
}
if (!receipt_holds($told, $hash)) {
    fwrite(STDERR, "BIÊN NHẬN KHÔNG ĐÚNG: hãy báo người vận hành\n");
    exit(1);
}
echo "Biên nhận đúng, có chữ ký của cổng: $hash\n";
exit($told['outcome'] === 'recorded' ? 0 : 3);
