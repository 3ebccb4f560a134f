"""The numbered checks of a verification: what each proves, and what it does not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple


class Verdict(StrEnum):
    """What came of a check; only ``HOLDS`` is good, and ``NOTHING`` says that there was nothing to check."""

    HOLDS = "holds"
    FAILS = "fails"
    NOTHING = "nothing"
    NOT_CHECKED = "not-checked"


class Check(NamedTuple):
    """One check: its title, and in words what it proves and what it leaves open."""

    title_vi: str
    title_en: str
    proves_vi: str
    proves_en: str


CHECKS: Final[dict[str, Check]] = {
    "V01": Check(
        "Mục nhật ký khớp lá cây băm",
        "Entries match the leaves",
        "Không byte nào của mục nào bị sửa sau khi niêm; không chứng minh nội dung là đúng sự thật.",
        "No byte of any entry changed after sealing; not that what it says is true.",
    ),
    "V02": Check(
        "Cây băm khớp gốc đã ký",
        "Tiles match the signed root",
        "Không mục nào bị bớt, thêm hay đổi chỗ dưới gốc này.",
        "Nothing was removed, added or moved under this root.",
    ),
    "V03": Check(
        "Chữ ký của sổ",
        "Signature of the log",
        "Khóa của sổ (lấy từ giấy) đã ký gốc này; không chứng minh ai khác cũng thấy gốc này.",
        "The log's key, from paper, signed this root; not that others saw the same one.",
    ),
    "V04": Check(
        "Đủ chữ ký nhân chứng",
        "Quorum of witnesses",
        "Đủ số nhân chứng đã thấy cùng một sổ.",
        "Enough witnesses saw the same log.",
    ),
    "V05": Check(
        "Các điểm niêm trước nối tiếp nhau",
        "Earlier checkpoints are beginnings",
        "Mọi điểm niêm còn giữ đều là phần đầu của sổ này, do cùng khóa ký.",
        "Every kept checkpoint is a beginning of this log, signed by the same key.",
    ),
    "V06": Check(
        "Chữ ký của từng sự kiện",
        "Signature of every event",
        "Mỗi sự kiện do khóa đã đăng ký ký; không chứng minh ai giữ khóa.",
        "Every event was signed by a registered key; not who held it.",
    ),
    "V07": Check(
        "Khóa có hiệu lực tại vị trí đó",
        "Keys valid at their position",
        "Khóa đã đăng ký trước, chưa thu hồi, và thuộc đúng nơi gửi; khóa gốc là khóa đã biết.",
        "Registered before, not yet revoked, and the sender's own; the root key is the one given.",
    ),
    "V08": Check(
        "Chuỗi của từng khóa liền mạch",
        "Every key's chain is gapless",
        "Không sự kiện nào trước sự kiện cuối của một khóa bị bỏ mất.",
        "No event before a key's last one was dropped.",
    ),
    "V09": Check(
        "Mã sự kiện không lặp",
        "Ids are used once",
        "Không sự kiện nào được ghi hai lần.",
        "No event was recorded twice.",
    ),
    "V10": Check(
        "Thời điểm nhận không lùi",
        "Arrival never goes back",
        "Thứ tự ghi theo thứ tự nhận; không chứng minh đồng hồ máy chủ đúng.",
        "Entries are in order of arrival; not that the server's clock was right.",
    ),
    "V11": Check(
        "Điểm niêm mà bên gửi đã thấy",
        "Checkpoints that publishers saw",
        "Điểm niêm ghi trong sự kiện là phần đầu của sổ này.",
        "A checkpoint named in an event is a beginning of this log.",
    ),
    "V12": Check(
        "Dạng của mục và sự kiện",
        "Form of entries and events",
        "Mọi mục đọc được theo mẫu đã công bố, gửi cho đúng sổ này.",
        "Every entry reads as published, and is for this log.",
    ),
    "V13": Check(
        "Xét lại từng mục",
        "Every entry judged again",
        "Mọi ghi nhận, từ chối và sự kiện của dịch vụ đúng theo quy tắc; sự kiện sai dạng không xét lại được.",
        "Every record, refusal and own event follows by the rules; form refusals cannot be judged again.",
    ),
    "V14": Check(
        "Không bỏ sót việc đến hạn",
        "Nothing due was left out",
        "Mọi việc đến hạn đã được ghi trước sự kiện kế tiếp.",
        "Whatever was due was recorded before the next event.",
    ),
    "V15": Check(
        "Dựng lại số liệu công bố",
        "Published figures rebuilt",
        "Số liệu công bố là số liệu mà sổ này cho ra.",
        "The published figures are what this log gives.",
    ),
    "V16": Check(
        "Bỏ phiếu kín kiểm riêng",
        "Secret ballots by their own proof",
        "Kết quả phiếu kín khớp bằng chứng mật mã.",
        "Secret ballots match their cryptographic proof.",
    ),
    "V17": Check(
        "Tài liệu khớp mã băm",
        "Documents match their hashes",
        "Tệp kèm theo đúng là tệp mà sổ ghi.",
        "Files beside the log are those it names.",
    ),
    "V18": Check(
        "Biên nhận còn giữ",
        "Kept receipts",
        "Sự kiện trong biên nhận đứng đúng vị trí đã hứa.",
        "Events of kept receipts stand where they were promised.",
    ),
    "V19": Check(
        "Dữ liệu cá nhân được cung cấp mở đúng cam kết",
        "Disclosed personal data opens its commitment",
        "Giá trị được cung cấp là giá trị đã cam kết trong sổ; không chứng minh người đó là ai ngoài đời.",
        "What was disclosed is what was committed to; not who that person is.",
    ),
}


@dataclass(frozen=True, slots=True)
class Result:
    """
    What came of one check.

    ``position`` is the first bad position where there is one; the words say what was found, or why it was not checked.
    """

    check: str
    verdict: Verdict
    vi: str = ""
    en: str = ""
    position: int | None = None
    count: int | None = None
