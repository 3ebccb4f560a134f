"""
Every event type as one sentence, in Vietnamese and in English.

``{who}`` is the publisher; every other name is a member of the event's data, and is kept as a fact of
the timeline. Words are put together when they are read, so a better wording changes no read model.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sentence:
    """The two templates of an event type and the facts they need."""

    vi: str
    en: str
    facts: tuple[str, ...]


def _facts(*templates: str) -> tuple[str, ...]:
    found = {name for text in templates for _, name, _, _ in string.Formatter().parse(text) if name}
    return tuple(sorted(found - {"who"}))


_UNITS: Final = {
    "log-opened": (
        "{who} mở nhật ký “{origin}”",
        "{who} opened the log “{origin}”",
    ),
    "log-restored": (
        "{who} khôi phục nhật ký đến vị trí {position}: {reason}",
        "{who} restored the log up to position {position}: {reason}",
    ),
    "judge-activated": (
        "{who} áp dụng phiên bản {version} của bộ quy tắc xét “{service}”",
        "{who} activated version {version} of the judge of “{service}”",
    ),
    "clock-advanced": (
        "{who} chuyển đồng hồ thử nghiệm đến {to}",
        "{who} moved the sandbox clock to {to}",
    ),
    "authority-established": (
        "{name_vi} được ghi nhận là cơ quan tổ chức cụm thi đua",
        "{name_vi} was established as an authority that runs clusters",
    ),
    "calendar-published": (
        "{who} công bố ngày nghỉ lễ năm {year}",
        "{who} published the public holidays of {year}",
    ),
    "base-salary-set": (
        "{who} ghi nhận mức lương cơ sở {amount} đồng từ ngày {valid_from}",
        "{who} set the base salary to {amount} đồng from {valid_from}",
    ),
    "regulation-issued": (
        "{who} ban hành quy định thi đua năm {year}: {basis}",
        "{who} issued the emulation regulation of {year}: {basis}",
    ),
    "unit-registered": (
        "{who} đăng ký đơn vị {name_vi} từ ngày {valid_from}",
        "{who} registered the unit {name_vi} from {valid_from}",
    ),
    "unit-renamed": (
        "Đơn vị {unit} đổi tên thành {name_vi} từ ngày {valid_from}",
        "The unit {unit} is called {name_vi} from {valid_from}",
    ),
    "unit-merged": (
        "{units} sáp nhập vào {into} từ ngày {on}",
        "{units} merged into {into} on {on}",
    ),
    "unit-split": (
        "{unit} chia, tách thành {into} từ ngày {on}",
        "{unit} was split into {into} on {on}",
    ),
    "unit-dissolved": (
        "{unit} giải thể từ ngày {on}",
        "{unit} was dissolved on {on}",
    ),
    "key-registered": (
        "{who} đăng ký khóa {kid} của {owner}",
        "{who} registered the key {kid} of {owner}",
    ),
    "key-rotated": (
        "{who} thay khóa {kid} bằng khóa {new_kid}",
        "{who} replaced the key {kid} by {new_kid}",
    ),
    "key-revoked": (
        "{who} thu hồi khóa {kid}: {reason}",
        "{who} revoked the key {kid}: {reason}",
    ),
    "delegate-appointed": (
        "{unit} cử người đại diện: {role_vi}",
        "{unit} appointed a delegate: {role_vi}",
    ),
    "personal-data-erased": (
        "{who} xóa dữ liệu cá nhân sau một cam kết của {unit}: {basis}",
        "{who} erased the personal data behind a commitment of {unit}: {basis}",
    ),
    "access-granted": (
        "{who} cho phép {unit} gửi thẳng vào Redis: {basis}",
        "{who} allowed {unit} to publish straight into Redis: {basis}",
    ),
    "access-revoked": (
        "{who} thôi cho phép {unit} gửi thẳng vào Redis: {reason}",
        "{who} no longer allows {unit} to publish straight into Redis: {reason}",
    ),
    "cluster-formed": (
        "{who} thành lập {name_vi}",
        "{who} formed the cluster {name_vi}",
    ),
    "membership-started": (
        "{unit} là thành viên của {cluster} từ ngày {valid_from}",
        "{unit} is a member of {cluster} from {valid_from}",
    ),
    "membership-ended": (
        "{unit} thôi là thành viên của {cluster} sau ngày {last_day}",
        "{unit} ceased to be a member of {cluster} after {last_day}",
    ),
    "cycle-opened": (
        "{who} mở năm thi đua của cụm",
        "{who} opened the cluster's year",
    ),
    "cycle-closed": (
        "{who} kết thúc năm thi đua của cụm",
        "{who} closed the cluster's year",
    ),
    "rulebook-adopted": (
        "{who} công bố quy chế và bảng điểm của cụm, phiên bản {version}",
        "{who} published the cluster's rulebook and scoring table, version {version}",
    ),
    "exception-granted": (
        "{who} cho {unit} hưởng ngoại lệ đối với điều kiện “{rule}”: {reason}",
        "{who} granted {unit} an exception from “{rule}”: {reason}",
    ),
    "unit-suspended": (
        "{who} tạm dừng xét đối với {unit}: {reason}",
        "{who} suspended {unit}: {reason}",
    ),
    "suspension-lifted": (
        "{who} cho xét lại đối với {unit}: {reason}",
        "{who} lifted the suspension of {unit}: {reason}",
    ),
    "participation-registered": (
        "{unit} đăng ký thi đua",
        "{unit} registered for emulation",
    ),
    "report-submitted": (
        "{unit} nộp báo cáo {kind}",
        "{unit} submitted its {kind} report",
    ),
    "report-withdrawn": (
        "{unit} rút báo cáo {kind}: {reason}",
        "{unit} withdrew its {kind} report: {reason}",
    ),
    "evidence-stored": (
        "Kho tài liệu đã lưu một tệp kiểm chứng của {unit}",
        "A file of evidence of {unit} was stored",
    ),
    "score-sheet-submitted": (
        "{unit} tự chấm điểm",
        "{unit} submitted its self-score",
    ),
    "cross-check-planned": (
        "{who} công bố kế hoạch chấm điểm chéo từ {starts} đến {ends}",
        "{who} planned the cross-check from {starts} to {ends}",
    ),
    "cross-check-recorded": (
        "{who} ghi kết quả chấm điểm chéo của {unit}",
        "{who} recorded the cross-check of {unit}",
    ),
    "points-adjusted": (
        "{who} ghi {kind} {points} cho {unit}: {reason}",
        "{who} recorded {kind} {points} for {unit}: {reason}",
    ),
    "score-protested": (
        "{unit} kiến nghị về điểm tiêu chí {criterion}: {reason}",
        "{unit} protested against its points on {criterion}: {reason}",
    ),
    "protest-resolved": (
        "{who} trả lời kiến nghị của {unit}: {outcome} – {reason}",
        "{who} answered the protest of {unit}: {outcome} – {reason}",
    ),
    "scoring-closed": (
        "{who} chốt việc chấm điểm",
        "{who} closed scoring",
    ),
    "ranking-consolidated": (
        "Bảng xếp hạng phiên bản {version} được tổng hợp",
        "Version {version} of the ranking was consolidated",
    ),
    "score-corrected": (
        "{who} đính chính điểm tiêu chí {criterion} của {unit} thành {points}: {reason}",
        "{who} corrected the points of {unit} on {criterion} to {points}: {reason}",
    ),
    "mid-year-review-held": (
        "{who} tổ chức sơ kết sáu tháng ngày {held_on} tại {place}",
        "{who} held the half-year review on {held_on} at {place}",
    ),
}

_BALLOTS: Final = {
    "officer-carried-over": (
        "{unit} giữ vai trò {office} theo kết quả bầu ngày {elected_on}",
        "{unit} is {office} by the election of {elected_on}",
    ),
    "conference-convened": (
        "{who} triệu tập hội nghị tại {place}, bắt đầu {starts}",
        "{who} convened the conference at {place}, beginning {starts}",
    ),
    "conference-opened": (
        "{who} khai mạc và chủ trì hội nghị",
        "{who} opened the conference and presides",
    ),
    "conference-adjourned": (
        "{who} hoãn hội nghị: {reason}",
        "{who} adjourned the conference: {reason}",
    ),
    "attendance-recorded": (
        "{who} điểm danh hội nghị: có mặt {present}",
        "{who} recorded attendance: present {present}",
    ),
    "counting-board-elected": (
        "Hội nghị bầu ban kiểm phiếu: {members}",
        "The conference elected the counting board: {members}",
    ),
    "scores-accepted": (
        "Hội nghị thông qua kết quả chấm điểm theo bảng xếp hạng phiên bản {ranking}",
        "The conference accepted the scores of ranking version {ranking}",
    ),
    "nomination-submitted": (
        "{who} giới thiệu {nominee} cho “{about}”",
        "{who} nominated {nominee} for “{about}”",
    ),
    "eligibility-determined": (
        "Điều kiện xét của các đơn vị được xác định, lần {version}",
        "Eligibility was determined, version {version}",
    ),
    "ballot-opened": (
        "{who} mở bỏ phiếu “{about}” ({mode}) đối với {nominees}",
        "{who} opened the ballot “{about}” ({mode}) on {nominees}",
    ),
    "roll-frozen": (
        "Danh sách biểu quyết phiếu {ballot} được chốt: {roll}",
        "The roll of the ballot {ballot} was fixed: {roll}",
    ),
    "ballot-extended": (
        "{who} gia hạn phiếu {ballot} đến {closes}: {reason}",
        "{who} extended the ballot {ballot} to {closes}: {reason}",
    ),
    "ballot-voided": (
        "Phiếu {ballot} bị hủy: {reason}",
        "The ballot {ballot} is void: {reason}",
    ),
    "vote-cast": (
        "{who} biểu quyết ở phiếu {ballot}",
        "{who} voted in the ballot {ballot}",
    ),
    "vote-corrected": (
        "{who} thay đổi biểu quyết của mình ở phiếu {ballot}: {reason}",
        "{who} corrected its vote in the ballot {ballot}: {reason}",
    ),
    "written-opinion-received": (
        "Nhận ý kiến bằng văn bản của {member} cho phiếu {ballot}",
        "The written opinion of {member} for the ballot {ballot} was received",
    ),
    "slips-issued": (
        "Ban kiểm phiếu phát phiếu {ballot} cho {issued_to}",
        "The counting board issued slips of {ballot} to {issued_to}",
    ),
    "box-sealed": (
        "Hòm phiếu {ballot} được niêm phong",
        "The box of the ballot {ballot} was sealed",
    ),
    "box-opened": (
        "Hòm phiếu {ballot} được mở để kiểm phiếu",
        "The box of the ballot {ballot} was opened for counting",
    ),
    "count-recorded": (
        "Ban kiểm phiếu ghi kết quả kiểm phiếu {ballot} lần {count}: phát {issued}, thu {returned}, hợp lệ {valid}",
        "The counting board recorded count {count} of {ballot}: issued {issued}, returned {returned}, valid {valid}",
    ),
    "count-signed": (
        "Ủy viên {member} ký kết quả kiểm phiếu {ballot} lần {count}",
        "The board member {member} signed count {count} of {ballot}",
    ),
    "count-disputed": (
        "Ủy viên {member} không ký kết quả kiểm phiếu {ballot} lần {count}: {reason}",
        "The board member {member} disputed count {count} of {ballot}: {reason}",
    ),
    "ballot-closed": (
        "Phiếu {ballot} kết thúc: {reason}",
        "The ballot {ballot} closed: {reason}",
    ),
    "tally-published": (
        "Kết quả phiếu {ballot}: phát {issued}, thu {returned}, hợp lệ {valid}",
        "The tally of {ballot}: issued {issued}, returned {returned}, valid {valid}",
    ),
    "revote-ordered": (
        "Phiếu {ballot} phải bỏ phiếu lại vòng {round} giữa {among}: {reason}",
        "The ballot {ballot} needs round {round} among {among}: {reason}",
    ),
    "outcome-decided": (
        "Phiếu {ballot}: cần {needed} phiếu, trúng: {passed}",
        "The ballot {ballot}: {needed} votes needed, passed: {passed}",
    ),
    "proposal-recorded": (
        "Cụm đề nghị tặng {unit} “{title}” ({votes} phiếu)",
        "The cluster proposes {unit} for “{title}” ({votes} votes)",
    ),
    "chair-elected": (
        "{unit} được bầu làm Cụm trưởng năm {for_year} ({votes} phiếu)",
        "{unit} was elected chair for {for_year} ({votes} votes)",
    ),
    "deputy-elected": (
        "{unit} được bầu làm Cụm phó năm {for_year} ({votes} phiếu)",
        "{unit} was elected deputy for {for_year} ({votes} votes)",
    ),
    "ranking-approved": (
        "{who} thông qua bảng xếp hạng phiên bản {ranking}",
        "{who} approved version {ranking} of the ranking",
    ),
    "minutes-issued": (
        "{who} ban hành biên bản hội nghị",
        "{who} issued the minutes of the conference",
    ),
    "conference-closed": (
        "{who} bế mạc hội nghị",
        "{who} closed the conference",
    ),
    "cluster-report-submitted": (
        "{who} gửi báo cáo của cụm và bảng xếp hạng phiên bản {ranking}",
        "{who} submitted the cluster's report with version {ranking} of the ranking",
    ),
    "quota-set": (
        "{who} quy định tối đa {quota} “{title}” cho cụm",
        "{who} set the cluster's quota of “{title}” to {quota}",
    ),
    "state-title-proposed": (
        "{unit} được đề nghị danh hiệu cấp Nhà nước “{title}”",
        "{unit} was proposed for the State-level title “{title}”",
    ),
    "dossier-submitted": (
        "{unit} nộp hồ sơ đề nghị: {titles}",
        "{unit} submitted its dossier: {titles}",
    ),
    "dossier-received": (
        "{who} nhận hồ sơ của {unit} ngày {received_on}, dấu bưu điện {postmark}",
        "{who} received the dossier of {unit} on {received_on}, postmark {postmark}",
    ),
    "dossier-returned": (
        "{who} trả hồ sơ của {unit} để bổ sung: {missing}",
        "{who} returned the dossier of {unit}, missing: {missing}",
    ),
    "dossier-completed": (
        "{unit} bổ sung hồ sơ",
        "{unit} completed its dossier",
    ),
    "dossier-appraised": (
        "{who} thẩm định hồ sơ của {unit}: {result}",
        "{who} appraised the dossier of {unit}: {result}",
    ),
    "council-voted": (
        "Hội đồng biểu quyết “{title}” ngày {held_on}, có mặt {present}",
        "The council voted on “{title}” on {held_on}, {present} present",
    ),
    "award-decided": (
        "{who} tặng {unit} “{award}” theo {decision}, tiền thưởng {reward} đồng",
        "{who} conferred “{award}” on {unit} by {decision}, reward {reward} đồng",
    ),
    "award-refused": (
        "{who} không tặng {unit} “{title}”: {reason}",
        "{who} refused “{title}” to {unit}: {reason}",
    ),
    "award-revoked": (
        "{who} thu hồi “{award}” của {unit} theo {decision}: {reason}",
        "{who} revoked “{award}” of {unit} by {decision}: {reason}",
    ),
    "award-downgraded": (
        "{who} thay “{award}” của {unit} bằng “{to}” theo {decision}: {reason}",
        "{who} downgraded “{award}” of {unit} to “{to}” by {decision}: {reason}",
    ),
    "result-notified": (
        "{who} thông báo kết quả cho {units} ngày {notified_on}",
        "{who} notified {units} of the results on {notified_on}",
    ),
    "officer-recognised": (
        "{who} công nhận {unit} là {office} theo {decision}",
        "{who} recognised {unit} as {office} by {decision}",
    ),
    "recognition-refused": (
        "{who} không công nhận {unit} là {office}: {reason}",
        "{who} refused to recognise {unit} as {office}: {reason}",
    ),
    "election-drafted": (
        "{who} chuẩn bị phiếu kín {ballot} về “{about}” với {nominees}",
        "{who} prepared the secret ballot {ballot} on “{about}” among {nominees}",
    ),
    "trustee-committed": (
        "{who} cam kết khóa kiểm phiếu số {owner} của {ballot}",
        "{who} committed to key {owner} of the count of {ballot}",
    ),
    "trustee-published": (
        "{who} công bố khóa kiểm phiếu số {owner} của {ballot}",
        "{who} published key {owner} of the count of {ballot}",
    ),
    "trustee-shares-sealed": (
        "{who} gửi các mảnh khóa niêm phong của {ballot}, khóa số {owner}",
        "{who} sent the sealed shares of {ballot} as trustee {owner}",
    ),
    "trustee-key-confirmed": (
        "{who} xác nhận khóa kiểm phiếu số {owner} của {ballot}",
        "{who} confirmed key {owner} of the count of {ballot}",
    ),
    "election-fixed": (
        "Nội dung phiếu kín {ballot} được chốt, dấu vân {fingerprint}",
        "The secret ballot {ballot} was fixed, fingerprint {fingerprint}",
    ),
    "trustee-drill-passed": (
        "{who} đã thử khóa kiểm phiếu số {owner} của {ballot}",
        "{who} tried key {owner} of the count of {ballot}",
    ),
    "credential-registered": (
        "{who} đăng ký thẻ cử tri cho phiếu kín {ballot}",
        "{who} registered its credential for the secret ballot {ballot}",
    ),
    "tracker-checked": (
        "{who} xác nhận đã tìm thấy phiếu của mình trong hòm phiếu kín {ballot}",
        "{who} confirmed that its vote is in the box of the secret ballot {ballot}",
    ),
    "election-opened": (
        "Hòm phiếu kín {ballot} mở cho {registered} đơn vị đã đăng ký",
        "The box of the secret ballot {ballot} opened for {registered} registered units",
    ),
    "secret-vote-cast": (
        "{who} bỏ phiếu kín {ballot}, mã tra cứu {tracker}",
        "{who} voted in the secret ballot {ballot}, tracker {tracker}",
    ),
    "tally-encrypted": (
        "{counted} phiếu kín của {ballot} được cộng khi còn mã hóa",
        "{counted} votes of the secret ballot {ballot} were added up, still encrypted",
    ),
    "partially-decrypted": (
        "{who} giải mã phần của khóa số {owner} cho {ballot}",
        "{who} contributed key {owner} to the count of {ballot}",
    ),
    "result-published": (
        "Kết quả phiếu kín {ballot} được mở từ {counted} phiếu",
        "The result of the secret ballot {ballot} was opened from {counted} votes",
    ),
    "key-share-destroyed": (
        "{who} đã hủy mảnh khóa số {owner} của {ballot}: {statement}",
        "{who} destroyed its key share {owner} of {ballot}: {statement}",
    ),
}

_PLEDGES: Final = {
    "movement-approved": (
        "{who} phê duyệt phong trào thi đua năm {year}: “{theme}”",
        "{who} approved the emulation movement of {year}: “{theme}”",
    ),
    "movement-launched": (
        "{who} phát động phong trào thi đua “{theme}”",
        "{who} launched the emulation movement “{theme}”",
    ),
    "pledge-drafted": (
        "{who} dự thảo giao ước thi đua, phiên bản {version}",
        "{who} drafted the pledge, version {version}",
    ),
    "pledge-opened": (
        "Giao ước thi đua phiên bản {version} được mở để ký",
        "Version {version} of the pledge was opened for signing",
    ),
    "pledge-signed": (
        "{unit} ký giao ước thi đua",
        "{unit} signed the pledge",
    ),
    "pledge-declined": (
        "{unit} không ký giao ước thi đua: {reason}",
        "{unit} declined the pledge: {reason}",
    ),
    "pledge-concluded": (
        "Giao ước thi đua đã được ký kết: {signed}",
        "The pledge was concluded: {signed}",
    ),
    "pledge-sent": (
        "{who} gửi giao ước thi đua và bảng điểm về cơ quan tổ chức",
        "{who} sent the pledge and the scoring table to the authority",
    ),
    "target-revised": (
        "{who} điều chỉnh chỉ tiêu “{target}” thành {value}: {reason}",
        "{who} revised the target “{target}” to {value}: {reason}",
    ),
    "target-result-reported": (
        "{unit} báo cáo kết quả chỉ tiêu “{target}”: {value}",
        "{unit} reported its result on the target “{target}”: {value}",
    ),
}

SENTENCES: Final[dict[str, Sentence]] = {
    f"thidua.{service}.{name}.v1": Sentence(vi, en, _facts(vi, en))
    for service, table in (("units", _UNITS), ("ballots", _BALLOTS), ("pledges", _PLEDGES))
    for name, (vi, en) in table.items()
}
"""The sentence of every event type by wire name."""
