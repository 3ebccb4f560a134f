"""What may be wrong with a workbook: one code for each fault, its words in Vietnamese and English, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from thidua.errors import RejectError, StopError

_LONGEST: Final = 120


class SheetCode(StrEnum):
    """Name of a fault; one that the refusal catalogue has too means the same there."""

    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    FILE_NOT_XLSX = "FILE_NOT_XLSX"
    FILE_OLD_XLS = "FILE_OLD_XLS"
    FILE_ENCRYPTED = "FILE_ENCRYPTED"
    FILE_DAMAGED = "FILE_DAMAGED"
    FILE_UNSAFE = "FILE_UNSAFE"
    FILE_MACROS = "FILE_MACROS"
    FILE_LINKS = "FILE_LINKS"
    SHEET_TOO_LARGE = "SHEET_TOO_LARGE"
    TEMPLATE_UNKNOWN = "TEMPLATE_UNKNOWN"
    SHEET_EMPTY = "SHEET_EMPTY"
    HEADING_MISSING = "HEADING_MISSING"
    HEADING_TWICE = "HEADING_TWICE"
    CELLS_MERGED = "CELLS_MERGED"
    ROW_HIDDEN = "ROW_HIDDEN"
    FORMULA_ERROR = "FORMULA_ERROR"
    FORMULA_UNCALCULATED = "FORMULA_UNCALCULATED"
    ENCODING_LEGACY = "ENCODING_LEGACY"
    VALUE_MISSING = "VALUE_MISSING"
    VALUE_INVALID = "VALUE_INVALID"
    VALUES_DIFFER = "VALUES_DIFFER"
    NUMBER_INVALID = "NUMBER_INVALID"
    NUMBER_AMBIGUOUS = "NUMBER_AMBIGUOUS"
    DATE_INVALID = "DATE_INVALID"
    CHOICE_UNKNOWN = "CHOICE_UNKNOWN"
    UNIT_UNKNOWN = "UNIT_UNKNOWN"
    CRITERION_UNKNOWN = "CRITERION_UNKNOWN"
    TARGET_UNKNOWN = "TARGET_UNKNOWN"
    CRITERION_OUT_OF_RANGE = "CRITERION_OUT_OF_RANGE"
    SCORE_STEP_WRONG = "SCORE_STEP_WRONG"
    SCORES_INCOMPLETE = "SCORES_INCOMPLETE"
    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    OVERLAP = "OVERLAP"
    ROLE_REQUIRED = "ROLE_REQUIRED"
    SCHEMA_INVALID = "SCHEMA_INVALID"


_SAVE_VI: Final = "Mở bằng Excel rồi lưu lại dạng “Excel Workbook (.xlsx)”."
_SAVE_EN: Final = "Open it in Excel and save it as “Excel Workbook (.xlsx)”."
_PICK_VI: Final = "Chọn lại giá trị trong danh sách thả xuống của ô."
_PICK_EN: Final = "Choose a value from the cell's drop-down list."

_WORDS: Final[dict[SheetCode, tuple[str, str, str, str]]] = {
    SheetCode.FILE_TOO_LARGE: (
        "Tệp quá lớn",
        "Xóa các trang tính và định dạng thừa rồi lưu lại, hoặc chia thành nhiều tệp.",
        "The file is too large",
        "Remove sheets and formats that are not needed, or divide it.",
    ),
    SheetCode.FILE_NOT_XLSX: ("Tệp không phải .xlsx", _SAVE_VI, "This is no .xlsx file", _SAVE_EN),
    SheetCode.FILE_OLD_XLS: (
        "Tệp ở định dạng .xls cũ",
        _SAVE_VI,
        "The file is in the old .xls format",
        _SAVE_EN,
    ),
    SheetCode.FILE_ENCRYPTED: (
        "Tệp đặt mật khẩu mở",
        "Bỏ mật khẩu (Tệp → Thông tin → Bảo vệ sổ làm việc → Mã hóa bằng mật khẩu, xóa trống) rồi lưu lại.",
        "The file is encrypted with a password",
        "Remove the password and save it again.",
    ),
    SheetCode.FILE_DAMAGED: (
        "Tệp bị hỏng",
        "Mở bằng Excel (Excel sẽ sửa tệp) rồi lưu thành tệp mới.",
        "The file is damaged",
        "Open it in Excel, which mends it, and save it as a new file.",
    ),
    SheetCode.FILE_UNSAFE: (
        "Cấu trúc tệp không an toàn",
        "Chép số liệu sang một tệp mẫu mới rồi lưu lại.",
        "The file's structure is unsafe",
        "Copy the figures into a fresh template.",
    ),
    SheetCode.FILE_MACROS: (
        "Tệp có macro",
        "Lưu lại dạng “Excel Workbook (.xlsx)”, không phải .xlsm.",
        "The file holds macros",
        "Save it as “Excel Workbook (.xlsx)”, not as .xlsm.",
    ),
    SheetCode.FILE_LINKS: (
        "Tệp có liên kết đến tệp khác",
        "Vào Dữ liệu → Sửa liên kết → Ngắt liên kết, rồi lưu lại.",
        "The file has links to other files",
        "Data → Edit Links → Break Link, then save it again.",
    ),
    SheetCode.SHEET_TOO_LARGE: (
        "Trang tính quá lớn",
        "Chỉ giữ lại các dòng, cột của biểu mẫu; chia thành nhiều tệp nếu cần.",
        "The sheet is too large",
        "Keep the form's rows and columns only; divide the file if need be.",
    ),
    SheetCode.TEMPLATE_UNKNOWN: (
        "Không nhận ra biểu mẫu",
        "Dùng tệp mẫu lấy bằng “thidua excel template” hoặc từ trang Nộp Excel, không xóa trang ẩn của mẫu.",
        "The form is not recognised",
        "Use a template made by “thidua excel template” or taken from the upload page; keep its hidden sheet.",
    ),
    SheetCode.SHEET_EMPTY: (
        "Không có dòng số liệu nào",
        "Điền số liệu vào các ô trống dưới dòng tiêu đề.",
        "There is no row of figures",
        "Fill the cells under the headings.",
    ),
    SheetCode.HEADING_MISSING: (
        "Thiếu cột",
        "Khôi phục cột này với đúng tên tiêu đề của mẫu.",
        "A column is missing",
        "Put the column back under the template's heading.",
    ),
    SheetCode.HEADING_TWICE: (
        "Cột xuất hiện hai lần",
        "Giữ lại một cột mang tiêu đề này.",
        "A column stands twice",
        "Keep one column with this heading.",
    ),
    SheetCode.CELLS_MERGED: (
        "Ô bị gộp trong vùng số liệu",
        "Bỏ gộp ô (Trang đầu → Phối và căn giữa) và điền vào từng ô.",
        "Cells are merged among the figures",
        "Unmerge them and fill each cell.",
    ),
    SheetCode.ROW_HIDDEN: (
        "Dòng bị ẩn nhưng có số liệu",
        "Bỏ ẩn hoặc bỏ lọc để xem lại dòng này; xóa số liệu nếu không nộp.",
        "A hidden row holds figures",
        "Show the row and look at it; clear it if it is not to be sent.",
    ),
    SheetCode.FORMULA_ERROR: (
        "Công thức cho kết quả lỗi",
        "Sửa công thức hoặc nhập thẳng giá trị.",
        "A formula gives an error",
        "Correct the formula or write the value itself.",
    ),
    SheetCode.FORMULA_UNCALCULATED: (
        "Công thức chưa có kết quả",
        "Mở bằng Excel để tính lại rồi lưu, hoặc nhập thẳng giá trị.",
        "A formula has no result",
        "Open the file in Excel so that it is calculated, save it, or write the value itself.",
    ),
    SheetCode.ENCODING_LEGACY: (
        "Chữ dùng bảng mã cũ, không phải Unicode",
        "Gõ lại bằng Unicode, hoặc dùng công cụ chuyển mã của bộ gõ cho ô này.",
        "The text is in an old encoding, not in Unicode",
        "Write it again in Unicode, or convert the cell with the keyboard driver's tool.",
    ),
    SheetCode.VALUE_MISSING: (
        "Ô còn trống",
        "Điền giá trị vào ô này.",
        "The cell is empty",
        "Fill the cell.",
    ),
    SheetCode.VALUE_INVALID: (
        "Giá trị chưa đúng",
        "Sửa lại theo cột “Hướng dẫn” của mẫu.",
        "The value is not right",
        "Correct it as the guidance sheet says.",
    ),
    SheetCode.VALUES_DIFFER: (
        "Các dòng của cùng một bản ghi giá trị khác nhau",
        "Ghi giá trị này ở một dòng, hoặc ghi giống nhau ở mọi dòng.",
        "Rows of one record disagree",
        "Write the value in one row, or the same in all.",
    ),
    SheetCode.NUMBER_INVALID: (
        "Số chưa đúng",
        "Nhập số thường, ví dụ 19,5; không kèm chữ hay dấu %.",
        "The number is not right",
        "Write a plain number such as 19.5, without letters or %.",
    ),
    SheetCode.NUMBER_AMBIGUOUS: (
        "Số có thể hiểu hai cách",
        "Bỏ dấu ngăn cách hàng nghìn: 1234 hoặc 1,23.",
        "The number can be read in two ways",
        "Leave thousands separators out: 1234 or 1.23.",
    ),
    SheetCode.DATE_INVALID: (
        "Ngày chưa đúng",
        "Nhập ngày dạng ngày/tháng/năm, ví dụ 26/10/2020.",
        "The date is not right",
        "Write day/month/year, such as 26/10/2020.",
    ),
    SheetCode.CHOICE_UNKNOWN: (
        "Giá trị không có trong danh sách",
        _PICK_VI,
        "The value is not on the list",
        _PICK_EN,
    ),
    SheetCode.UNIT_UNKNOWN: (
        "Không có đơn vị này trong cụm",
        _PICK_VI,
        "There is no such unit in the cluster",
        _PICK_EN,
    ),
    SheetCode.CRITERION_UNKNOWN: (
        "Không có tiêu chí này trong bảng điểm",
        "Dùng tệp mẫu của đúng năm và đúng bảng điểm.",
        "The scoring table has no such criterion",
        "Use the template of this year's scoring table.",
    ),
    SheetCode.TARGET_UNKNOWN: (
        "Không có chỉ tiêu này trong giao ước",
        _PICK_VI,
        "The pledge has no such target",
        _PICK_EN,
    ),
    SheetCode.CRITERION_OUT_OF_RANGE: (
        "Điểm ngoài khung của tiêu chí",
        "Sửa điểm cho nằm trong khung.",
        "Points outside the criterion's range",
        "Give points within the range.",
    ),
    SheetCode.SCORE_STEP_WRONG: (
        "Điểm không đúng bước chấm",
        "Làm tròn điểm theo bước chấm của bảng điểm.",
        "Points between the steps",
        "Round the points to the table's step.",
    ),
    SheetCode.SCORES_INCOMPLETE: (
        "Thiếu tiêu chí",
        "Chấm đủ mọi tiêu chí của bảng điểm, mỗi tiêu chí một dòng.",
        "Criteria are missing",
        "Score every criterion of the table, one row each.",
    ),
    SheetCode.EVIDENCE_MISSING: (
        "Tiêu chí cần minh chứng hoặc giải trình",
        "Ghi giải trình, hoặc mã băm SHA-256 của tệp minh chứng.",
        "The criterion needs evidence or an explanation",
        "Write an explanation, or the SHA-256 of the evidence file.",
    ),
    SheetCode.OVERLAP: (
        "Dòng trùng với dòng khác",
        "Xóa một trong hai dòng.",
        "The row repeats another",
        "Remove one of the two.",
    ),
    SheetCode.ROLE_REQUIRED: (
        "Khóa ký không phải của đơn vị này",
        "Mỗi đơn vị tự nộp số liệu của mình bằng khóa của mình.",
        "The signing key is not this unit's",
        "Each unit sends its own figures with its own key.",
    ),
    SheetCode.SCHEMA_INVALID: (
        "Nội dung chưa đúng mẫu của sự kiện",
        "Sửa lại theo trang “Hướng dẫn” của mẫu.",
        "The content does not follow the event's schema",
        "Correct it as the guidance sheet says.",
    ),
}


def quoted(value: object) -> str:
    """What was given, as it may be shown: printable, at most 120 characters."""
    text = "".join(char if char.isprintable() else " " for char in str(value)[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: which sheet, row (from 1) and column it is in, what was expected there and what stands there."""

    code: SheetCode
    expected: str = ""
    given: str = ""
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    cell: str | None = None

    @property
    def title_vi(self) -> str:
        """What is wrong, in Vietnamese."""
        return _WORDS[self.code][0]

    @property
    def fix_vi(self) -> str:
        """What to do about it, in Vietnamese."""
        return _WORDS[self.code][1]

    @property
    def title_en(self) -> str:
        """What is wrong, in English."""
        return _WORDS[self.code][2]

    @property
    def fix_en(self) -> str:
        """What to do about it, in English."""
        return _WORDS[self.code][3]

    @property
    def where(self) -> str:
        """The place in words: ``trang “Tự chấm”, dòng 14, cột “Điểm” (ô E14)``."""
        parts = [
            f"trang “{self.sheet}”" if self.sheet else "",
            f"dòng {self.row}" if self.row else "",
            f"cột “{self.column}”" if self.column else "",
        ]
        said = ", ".join(part for part in parts if part)
        return f"{said} (ô {self.cell})" if self.cell else said or "cả tệp"

    @property
    def short_vi(self) -> str:
        """Fault and fix in one line of Vietnamese, for the cell beside it."""
        asked = f" Cần: {self.expected}." if self.expected else ""
        given = f" Nhận được: {self.given}." if self.given else ""
        return f"{self.title_vi}.{asked}{given} {self.fix_vi}"

    def text(self) -> str:
        """The whole fault for a terminal, Vietnamese first."""
        return f"{self.code} – {self.where}: {self.short_vi} / {self.title_en}. {self.fix_en}"

    def document(self) -> dict[str, Any]:
        """The fault as JSON with permanent names."""
        return {
            "code": self.code.value,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "cell": self.cell,
            "expected": self.expected or None,
            "given": self.given or None,
            "title_vi": self.title_vi,
            "fix_vi": self.fix_vi,
            "title_en": self.title_en,
            "fix_en": self.fix_en,
        }


class WorkbookError(RejectError):
    """A file that cannot be read as a workbook of ours at all; ``fault`` says why."""

    def __init__(self, code: SheetCode, expected: str = "", given: str = "") -> None:
        self.fault = Fault(code, expected, quoted(given))
        super().__init__(self.fault.text())

    def diagnostics(self) -> str:
        """What the person with the file does."""
        return f"{self.fault.fix_vi} / {self.fault.fix_en}"


class ExcelMissingError(StopError):
    """The libraries that read and write workbooks are not installed."""

    def __init__(self, module: str) -> None:
        super().__init__(f"Chưa cài phần Excel (thiếu {module}) / {module} is not installed")

    def diagnostics(self) -> str:
        """Name the command."""
        return "pip install thidua[excel]"
