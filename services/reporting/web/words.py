"""What the codes of the read models are called on pages, in Vietnamese and in English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "step": {
        "registration": ("Đăng ký", "Registration"),
        "pledge": ("Ký giao ước", "Pledge"),
        "half-year-report": ("Báo cáo sáu tháng", "Half-year report"),
        "report": ("Báo cáo năm", "Yearly report"),
        "self-score": ("Tự chấm điểm", "Self-score"),
        "cross-check": ("Chấm điểm chéo", "Cross-check"),
        "dossier": ("Hồ sơ", "Dossier"),
        "pledge-sent": ("Gửi giao ước về cơ quan tổ chức", "Pledge sent to the authority"),
        "cluster-report": ("Gửi báo cáo của cụm", "The cluster's report"),
    },
    "step state": {
        "done": ("✓ Đã xong", "✓ Done"),
        "late": ("⚠ Xong, muộn", "⚠ Done late"),
        "open": ("○ Chưa làm", "○ Open"),
        "missed": ("✗ Quá hạn", "✗ Overdue"),
        "declined": ("✗ Không ký", "✗ Declined"),
    },
    "milestone": {
        "rulebook": ("Quy chế, bảng điểm", "Rulebook"),
        "pledge-opened": ("Mở ký giao ước", "Pledge opened"),
        "pledge-concluded": ("Giao ước được ký kết", "Pledge concluded"),
        "pledge-sent": ("Gửi giao ước", "Pledge sent"),
        "movement-launched": ("Phát động phong trào", "Movement launched"),
        "mid-year-review": ("Sơ kết sáu tháng", "Half-year review"),
        "cross-check-planned": ("Kế hoạch chấm chéo", "Cross-check planned"),
        "scoring-closed": ("Chốt chấm điểm", "Scoring closed"),
        "ranking": ("Tổng hợp xếp hạng", "Ranking consolidated"),
        "eligibility": ("Xác định điều kiện xét", "Eligibility determined"),
        "conference-convened": ("Triệu tập hội nghị", "Conference convened"),
        "conference-opened": ("Khai mạc hội nghị", "Conference opened"),
        "ranking-approved": ("Thông qua xếp hạng", "Ranking approved"),
        "minutes": ("Biên bản hội nghị", "Minutes"),
        "conference-closed": ("Bế mạc hội nghị", "Conference closed"),
        "cluster-report": ("Báo cáo của cụm", "Cluster's report"),
        "council": ("Hội đồng biểu quyết", "Council voted"),
        "award": ("Quyết định khen thưởng", "Awards decided"),
        "notified": ("Thông báo kết quả", "Results notified"),
        "officer-recognised": ("Công nhận Cụm trưởng, Cụm phó", "Officers recognised"),
    },
    "office": {"chair": ("Cụm trưởng", "Chair"), "deputy": ("Cụm phó", "Deputy")},
    "officer status": {
        "carried-over": ("giữ vai trò từ năm trước", "carried over"),
        "elected": ("được bầu", "elected"),
        "recognised": ("được công nhận", "recognised"),
        "refused": ("không được công nhận", "not recognised"),
    },
    "ballot state": {
        "open": ("Đang mở", "Open"),
        "closed": ("Đã đóng, chờ kết quả", "Closed, to be tallied"),
        "tallied": ("Đã kiểm phiếu", "Tallied"),
        "decided": ("Đã có kết quả", "Decided"),
        "void": ("Đã hủy", "Void"),
    },
    "mode": {
        "paper": ("phiếu giấy, ban kiểm phiếu", "paper, with a counting board"),
        "roll-call": ("biểu quyết ghi tên", "roll call"),
        "secret": ("phiếu kín điện tử", "secret"),
    },
    "closed by": {
        "deadline": ("hết giờ", "its time was over"),
        "all-voted": ("mọi đơn vị đã biểu quyết", "all have voted"),
        "counted": ("đã kiểm phiếu xong", "it was counted"),
    },
    "base": {
        "members": ("tổng số thành viên", "all members"),
        "present": ("số thành viên tham gia", "members taking part"),
        "valid": ("số phiếu hợp lệ", "valid ballots"),
    },
    "answer": {
        "yes": ("Tán thành", "Yes"),
        "no": ("Không tán thành", "No"),
        "none": ("Không có ý kiến", "No opinion"),
    },
    "vote kind": {
        "cast": ("tại hội nghị", "cast"),
        "corrected": ("đã thay đổi", "corrected"),
        "written": ("bằng văn bản", "in writing"),
    },
    "invalid": {
        "not-issued": ("không do ban kiểm phiếu phát", "not issued by the board"),
        "too-many": ("chọn quá số lượng", "too many choices"),
        "off-list": ("ghi tên ngoài danh sách", "a name off the list"),
        "marked": ("có dấu nhận biết", "marked"),
        "unreadable": ("không đọc được", "unreadable"),
        "blank": ("để trắng", "blank"),
        "unclear": ("không rõ ý kiến", "unclear"),
    },
    "nominee outcome": {
        "passed": ("được chọn", "passed"),
        "reached": ("đạt ngưỡng, hết chỗ", "reached the threshold, no place left"),
        "not-passed": ("không được chọn", "not passed"),
    },
    "next": {
        "done": ("kết thúc", "done"),
        "revote": ("phải bỏ phiếu lại", "to be voted again"),
        "second-round": ("phải bầu vòng tiếp theo", "a further round"),
        "empty": ("để khuyết", "a place stays empty"),
    },
    "revote": {
        "tie": ("bằng phiếu", "a tie"),
        "too-few": ("chưa đủ số đơn vị đạt", "too few passed"),
    },
    "conference state": {
        "convened": ("đã triệu tập", "convened"),
        "opened": ("đang họp", "open"),
        "adjourned": ("tạm hoãn", "adjourned"),
        "closed": ("đã bế mạc", "closed"),
    },
    "award state": {
        "proposed": ("Đề nghị, chờ quyết định", "Proposed, to be decided"),
        "decided": ("Đã tặng", "Awarded"),
        "refused": ("Không tặng", "Refused"),
        "revoked": ("Đã thu hồi", "Revoked"),
        "downgraded": ("Đã thay bằng hình thức khác", "Downgraded"),
    },
    "dossier state": {
        "submitted": ("Đã gửi", "Submitted"),
        "received": ("Đã nhận", "Received"),
        "returned": ("Trả lại để bổ sung", "Returned"),
        "completed": ("Đã bổ sung", "Completed"),
        "appraised": ("Đã thẩm định", "Appraised"),
    },
    "appraisal": {
        "qualified": ("đủ điều kiện", "qualified"),
        "not-qualified": ("chưa đủ điều kiện", "not qualified"),
    },
    "limit": {
        "return": ("Trả hồ sơ chưa đủ", "Return an incomplete dossier"),
        "complete": ("Bổ sung hồ sơ", "Complete the dossier"),
        "appraise": ("Thẩm định", "Appraise"),
        "decide": ("Quyết định sau khi Hội đồng họp", "Decide after the council"),
        "notify": ("Thông báo kết quả", "Notify the result"),
    },
    "limit by": {
        "authority": ("cơ quan tổ chức", "the authority"),
        "unit": ("đơn vị", "the unit"),
    },
    "pledge state": {
        "drafted": ("Dự thảo", "Draft"),
        "opened": ("Đang mở ký", "Open for signing"),
        "concluded": ("Đã ký kết", "Concluded"),
        "sent": ("Đã ký kết và gửi cơ quan tổ chức", "Concluded and sent to the authority"),
    },
    "signature": {
        "signed": ("✓ Đã ký", "✓ Signed"),
        "declined": ("✗ Không ký", "✗ Declined"),
        "open": ("○ Chưa ký", "○ Open"),
    },
    "sense": {"at-least": ("ít nhất", "at least"), "at-most": ("nhiều nhất", "at most")},
    "ground": {
        "self": ("tự chấm", "self-score"),
        "cross-check": ("chấm điểm chéo", "cross-check"),
        "protest": ("giải quyết kiến nghị", "protest"),
        "correction": ("đính chính", "correction"),
        "bonus": ("điểm thưởng", "bonus"),
        "minus": ("điểm trừ", "minus"),
    },
    "protest outcome": {
        "upheld": ("chấp nhận", "upheld"),
        "rejected": ("không chấp nhận", "rejected"),
    },
    "report kind": {
        "half-year": ("Báo cáo sáu tháng", "Half-year report"),
        "yearly": ("Báo cáo năm", "Yearly report"),
    },
    "report state": {
        "submitted": ("đã nộp", "submitted"),
        "withdrawn": ("đã rút", "withdrawn"),
    },
    "tie": {
        "base": ("điểm thẩm định", "verified points"),
        "group": ("điểm nhóm tiêu chí", "points of a group"),
        "minus": ("ít điểm trừ hơn", "fewer minus points"),
        "women-share": ("tỷ lệ nữ", "share of women"),
        "report-date": ("ngày nộp báo cáo", "date of the report"),
        "conference": ("hội nghị quyết định", "the conference"),
        "equal": ("đồng hạng", "equal rank"),
        "ranking": ("thứ tự xếp hạng", "the ranking"),
    },
    "rule": {
        "registration": ("Đăng ký thi đua", "Registration"),
        "pledge": ("Ký giao ước", "Pledge"),
        "ranking": ("Có xếp hạng", "Ranking"),
        "not-suspended": ("Không bị tạm dừng xét", "Not suspended"),
        "minimum-total": ("Điểm tối thiểu", "Minimum total"),
        "minimum-months": ("Thời gian tối thiểu", "Minimum months"),
    },
    "unit kind": {
        "culture-sports-tourism": (
            "Văn hóa, thể thao và du lịch",
            "Culture, sports and tourism",
        ),
        "culture-sports": ("Văn hóa và thể thao", "Culture and sports"),
        "tourism": ("Du lịch", "Tourism"),
        "other": ("Khác", "Other"),
    },
    "change": {
        "registered": ("Đăng ký", "Registered"),
        "renamed": ("Đổi tên", "Renamed"),
        "merged": ("Sáp nhập vào", "Merged into"),
        "took-over": ("Tiếp nhận", "Took over"),
        "split": ("Chia, tách thành", "Split into"),
        "split-from": ("Tách ra từ", "Split from"),
        "dissolved": ("Giải thể", "Dissolved"),
    },
    "outcome": {
        "recorded": ("✓ Đã ghi nhận", "✓ Recorded"),
        "refused": ("✗ Bị từ chối", "✗ Refused"),
        "said": ("✗ Bị từ chối vì sai mẫu", "✗ Refused for its form"),
    },
    "lamp": {
        "chain": ("Chuỗi nhật ký liền mạch", "The log's chain is whole"),
        "signatures": ("Chữ ký hợp lệ", "Signatures are valid"),
        "figures": ("Phát lại khớp số liệu công bố", "Replay gives the published figures"),
    },
    "lamp state": {
        "holds": ("✓ ĐÚNG khi kiểm", "✓ HELD when checked"),
        "fails": ("✗ SAI", "✗ FAILS"),
        "not-checked": ("? CHƯA KIỂM HẾT", "? NOT WHOLLY CHECKED"),
        "stored": ("? CHƯA KIỂM, mới chỉ lưu", "? NOT CHECKED, only stored"),
    },
    "verdict": {
        "holds": ("✓ đúng", "✓ holds"),
        "fails": ("✗ SAI", "✗ FAILS"),
        "nothing": ("– không có gì để kiểm", "– nothing to check"),
        "not-checked": ("? chưa kiểm", "? not checked"),
    },
    "read model": {
        "units": ("Đơn vị", "Units"),
        "rules": ("Quy định, quy chế", "Rules"),
        "cycles": ("Các bước trong năm", "Cycles"),
        "scores": ("Điểm", "Scores"),
        "ranking": ("Xếp hạng", "Ranking"),
        "pledges": ("Giao ước", "Pledges"),
        "conferences": ("Hội nghị", "Conferences"),
        "ballots": ("Bỏ phiếu", "Ballots"),
        "secret-ballots": ("Phiếu kín", "Secret ballots"),
        "eligibility": ("Điều kiện xét", "Eligibility"),
        "officers": ("Cụm trưởng, Cụm phó", "Officers"),
        "awards": ("Khen thưởng", "Awards"),
        "dossiers": ("Hồ sơ", "Dossiers"),
        "keys": ("Khóa ký", "Keys"),
        "refused": ("Sự kiện bị từ chối", "Refused events"),
        "timeline": ("Dòng sự kiện", "Timeline"),
        "parked": ("Mục để riêng", "Parked entries"),
    },
}
"""By kind of code, by code: the Vietnamese word and the English one."""


def in_both(kind: str, code: str | None) -> str:
    """The Vietnamese word and the English one beside it; a dash when there is no code."""
    if code is None:
        return "–"
    known = WORDS[kind].get(code)
    return f"{known[0]} / {known[1]}" if known else code
