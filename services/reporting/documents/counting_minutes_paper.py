"""The counting minutes as a Word file: the figures of the log stand in it, dots stand for what people must write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.reporting.documents.paper import DOTS, Column, Paper, Signature
from thidua.clock import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.reporting.documents.counting_minutes import (
        CountingMinutes,
        KeyHolder,
        NomineeLine,
        SecretBox,
    )
    from services.reporting.documents.footing import Footing
    from services.reporting.web.speech import Speech

_FEW: Final = "…" * 2
_PERSON: Final = f"Ông (bà) {DOTS}"


def counting_minutes_paper(minutes: CountingMinutes, speech: Speech, footing: Footing) -> bytes:
    """
    The ``.docx``; equal bytes for equal minutes, names and *footing*.

    *speech* is the Vietnamese one of the same reading and year.
    """
    return _Writing(minutes, speech, footing).paper.to_bytes()


class _Writing:
    """One paper, written part after part."""

    def __init__(self, minutes: CountingMinutes, speech: Speech, footing: Footing) -> None:
        self.minutes, self.one, self.speech = minutes, minutes.ballot, speech
        one = self.one
        where = f"mở bỏ phiếu ở mục {one.position}"
        if one.decided_at:
            where += f", kết quả ở mục {one.decided_at}"
        foot = f"Lập từ sổ thi đua: {where}; số liệu đến vị trí {footing.position}."
        self.paper = Paper(
            f"Biên bản kiểm phiếu {one.ballot}, {minutes.cycle}",
            parse_instant(one.decided or one.closed or one.opened),
            [foot, footing.words],
            footing.mark,
        )
        self._head()
        self._held()
        self._asked()
        self._counted()
        self._concluded()
        if minutes.secret is not None:
            self._boxed(minutes.secret)
        self._signed()

    def unit(self, code: str) -> str:
        return self.minutes.names.get(code, code)

    def units(self, codes: Iterable[str]) -> str:
        return ", ".join(self.unit(code) for code in codes)

    def _head(self) -> None:
        one, say = self.one, self.speech
        authority, cluster, year = self.minutes.cycle.split("/")
        self.paper.heads(
            say.full(authority),
            say.full(cluster),
            f"Số: {_FEW}/BB-{_FEW}",
            f"{_FEW * 3}, ngày {_FEW} tháng {_FEW} năm {_FEW}",
        )
        self.paper.notice("BẢN NHÁP, chưa có giá trị: điền các chỗ chấm, ký, rồi xóa dòng này.")
        about = f"Kiểm phiếu: {say.title(one.about)} năm {one.for_year or year}"
        if one.round and one.round > 1:
            about += f", vòng {one.round}"
        self.paper.kind("BIÊN BẢN", about)
        self.paper.bases(self.minutes.bases)

    def _held(self) -> None:
        one, say, held = self.one, self.speech, self.minutes.conference
        self.paper.section("I. Thời gian, địa điểm, thành phần")
        times = [f"Mở bỏ phiếu: {say.moment(one.opened)}."]
        if one.closed:
            why = f" ({say.word('closed by', one.closed_by)})" if one.closed_by else ""
            times.append(f"Đóng: {say.moment(one.closed)}{why}.")
        later = (
            ("Niêm hòm phiếu", one.seal_set),
            ("Mở hòm phiếu", one.seal_broken),
            ("Xác định kết quả", one.decided),
        )
        times += [f"{what}: {say.moment(moment)}." for what, moment in later if moment]
        self.paper.line(f"1. {' '.join(times)}")
        if held is None:
            self.paper.line(f"2. Lấy ý kiến các thành viên, không họp. Chủ trì: {_PERSON}.")
        else:
            presiding = self.unit(held.presiding) if held.presiding else DOTS
            told = f"2. Hội nghị tại {held.place or DOTS}, chủ trì: {_PERSON}, {presiding}"
            if held.chair_absent:
                told += f" (Cụm trưởng vắng: {held.chair_absent})"
            there = [("Có mặt", held.present), ("Trực tuyến", held.remote), ("Vắng", held.absent)]
            counted = [
                f"{what} {len(codes)}{': ' if codes else ''}{self.units(codes)}."
                for what, codes in there
                if codes or what != "Trực tuyến"
            ]
            known = held.present or held.remote or held.absent
            self.paper.line(" ".join([f"{told}.", *(counted if known else [])]))
        self._counters()

    def _counters(self) -> None:
        held = self.minutes.conference
        if self.one.mode == "paper":
            board = held.board if held else []
            self.paper.line(f"3. Ban kiểm phiếu gồm {len(board) or _FEW} người:")
            blank = [f"{_PERSON}, {DOTS}, Trưởng ban", f"{_PERSON}, {DOTS}"]
            self.paper.items([self._member(member) for member in board] or blank)
        elif self.minutes.secret is not None:
            self.paper.line("3. Người giữ khóa kiểm phiếu (phiếu kín không qua ban kiểm phiếu):")
            self.paper.items([self._holder(holder) for holder in self.minutes.secret.holders])
        else:
            self.paper.line(f"3. Thư ký: {_PERSON}.")

    def _member(self, member: dict[str, Any]) -> str:
        head = ", Trưởng ban" if member["head"] else ""
        return f"{_PERSON}, {self.unit(member['unit'])}{head} ({member['member']})"

    def _holder(self, holder: KeyHolder) -> str:
        part = "đã tham gia mở tổng" if holder.took_part else "không tham gia"
        who = self.speech.who(holder.source)
        return f"{holder.owner}. {who}, nơi giữ {holder.office}, {_PERSON}: {part}"

    def _asked(self) -> None:
        one, say = self.one, self.speech
        self.paper.section("II. Nội dung bỏ phiếu")
        after = f"; tiếp theo phiếu {one.previous}" if one.previous else ""
        self.paper.line(
            f"1. {say.title(one.about)}, hình thức: {say.word('mode', one.mode)}{after}. "
            f"Danh sách: {self.units(one.nominees)}."
        )
        roll = f"Danh sách có quyền bỏ phiếu ({len(one.roll)}): {self.units(one.roll)}."
        told = [roll] if one.roll else []
        if one.quorum is not None:
            took = f"; đã tham gia: {one.participants}" if one.participants is not None else ""
            told.append(f"Tối thiểu phải tham gia: {one.quorum}{took}.")
        self.paper.line(f"2. {' '.join(told) or f'Danh sách có quyền bỏ phiếu: {DOTS}.'}")
        if one.needed is not None:
            rules = self.minutes.rulebook
            by = f" (quy chế của Cụm, bản {rules})" if rules else ""
            self.paper.line(
                f"3. Ngưỡng: {one.share} của {one.base} ({say.word('base', one.base_of)}), "
                f"tức {one.needed} phiếu; số chỗ: {one.places}{by}."
            )

    def _counted(self) -> None:
        one = self.one
        self.paper.section("III. Kết quả kiểm phiếu")
        if one.valid is None:
            self.paper.line("Không kiểm phiếu.")
        else:
            self.paper.items(self._figures(one.valid))
            self._nominees(self.minutes.lines)
        if self.minutes.counts:
            self._counts()
        if self.minutes.written:
            told = [
                self.unit(each.unit) + ("" if each.counted else " (đến muộn, không tính)")
                for each in self.minutes.written
            ]
            self.paper.line(f"Ý kiến bằng văn bản (có ký tên, nên không kín): {'; '.join(told)}.")

    def _figures(self, valid: int) -> list[str]:
        one, slips = self.one, self.one.slips
        told = []
        if slips:
            unused = f"còn lại, đã hủy: {slips['unused']}"
            told.append(f"Số phiếu chuẩn bị: {slips['prepared']}, {unused}")
        written = f", trong đó ý kiến bằng văn bản: {one.written}" if one.written else ""
        whys = [f"{self.speech.word('invalid', w)}: {n}" for w, n in one.invalid.items() if n]
        if self.minutes.secret is not None:
            whys.append("phiếu sai mẫu bị từ chối ngay khi bỏ")
        why = f" ({'; '.join(whys)})" if whys else ""
        return [
            *told,
            f"Số phiếu phát ra: {one.issued}",
            f"Số phiếu thu về: {one.returned}{written}",
            f"Số phiếu hợp lệ: {valid}",
            f"Số phiếu không hợp lệ: {sum(one.invalid.values())}{why}",
        ]

    def _nominees(self, lines: list[NomineeLine]) -> None:
        one, say = self.one, self.speech
        answered = any(line.no is not None for line in lines)
        answers = ("yes", "no", "none") if answered else ("yes",)
        columns = [Column("TT", 10, figures=True), Column("Đơn vị", 50)]
        columns += [Column(say.word("answer", each), 20, figures=True) for each in answers]
        if one.base:
            columns.append(Column(f"Tỷ lệ trên {one.base}", 20, figures=True))
        columns.append(Column("Kết quả", 160 - sum(each.width for each in columns)))
        rows = []
        for place, line in enumerate(lines, 1):
            row = [str(place), self.unit(line.unit), str(line.yes)]
            if answered:
                row += [say.number(line.no), say.number(line.none)]
            if one.base:
                row.append(f"{say.points(line.percent)}%")
            rows.append([*row, say.word("nominee outcome", line.outcome)])
        self.paper.table("Kết quả từng đơn vị", columns, rows)

    def _counts(self) -> None:
        columns = [
            Column("Lần", 18, figures=True),
            Column("Người kiểm", 35),
            Column("Thu về", 18, figures=True),
            Column("Hợp lệ", 18, figures=True),
            Column("Đã ký", 35),
            Column("Không ký, lý do", 36),
        ]
        rows = []
        for count in self.minutes.counts:
            again = f" (thay lần {count['replaces']})" if count["replaces"] else ""
            unsigned = [
                f"{each['member']}: {each['reason']}" for each in count["disputed_by"] or ()
            ]
            rows.append(
                [
                    f"{count['count']}{again}",
                    ", ".join(count["counters"] or ()) or "–",
                    self.speech.number(count["returned"]),
                    self.speech.number(count["valid"]),
                    ", ".join(count["signed_by"] or ()) or "–",
                    "; ".join(unsigned) or "–",
                ]
            )
        self.paper.table("Các lần kiểm của ban kiểm phiếu", columns, rows)

    def _concluded(self) -> None:
        one, say = self.one, self.speech
        self.paper.section("IV. Kết luận")
        if one.state == "void":
            why = one.void_reason or DOTS
            self.paper.line(f"Cuộc bỏ phiếu không có kết quả (đã hủy): {why}.")
            return
        chosen = "; ".join(f"{self.unit(code)} ({one.votes[code]} phiếu)" for code in one.passed)
        told = [f"Được chọn, theo thứ tự: {chosen}." if chosen else "Không đơn vị nào đạt ngưỡng."]
        if one.tie_by:
            told.append(f"Bằng phiếu, phân định theo {say.word('tie', one.tie_by)}.")
        if one.next and one.next != "done":
            told.append(f"Tiếp theo: {say.word('next', one.next)}.")
        if one.revote:
            why = say.word("revote", one.revote["reason"])
            told.append(f"Bỏ phiếu lại giữa: {self.units(one.revote['among'])} ({why}).")
        self.paper.line(" ".join(told))

    def _boxed(self, secret: SecretBox) -> None:
        self.paper.section("V. Hòm phiếu kín")
        self.paper.signs("Dấu vân nội dung phiếu:", secret.fingerprint)
        if secret.bel_sha256:
            size = self.speech.number(secret.bel_bytes)
            self.paper.signs(f"Tệp hòm phiếu (.bel, {size} byte), SHA-256:", secret.bel_sha256)
        replaced = f"; đã thay bằng phiếu sau: {secret.replaced}" if secret.replaced else ""
        self.paper.line(
            f"Mã tra cứu của các phiếu được tính, xếp theo chữ ({len(secret.trackers)}{replaced}):"
        )
        for tracker in secret.trackers:
            self.paper.signs("-", tracker)
        if secret.checked and secret.checked.of:
            self.paper.line(
                "Phiếu được tính mà chính đơn vị bỏ phiếu đã ký xác nhận là tìm thấy trong hòm: "
                f"{secret.checked.checked}/{secret.checked.of}."
            )

    def _signed(self) -> None:
        self.paper.line(
            f"Biên bản được lập xong lúc {_FEW} giờ {_FEW} phút, ngày {_FEW} tháng {_FEW} năm {_FEW}, "
            f"thành {_FEW} bản, đã đọc lại cho những người có tên trên cùng nghe và ký."
        )
        held = self.minutes.conference
        if self.one.mode == "paper":
            board = held.board if held else []
            others = sum(not member["head"] for member in board)
            left = Signature(("Thành viên ban kiểm phiếu",), others or 1)
            right = Signature(("TM. Ban kiểm phiếu", "Trưởng ban"))
        else:
            secret = self.minutes.secret is not None
            left = Signature(("Đại diện người giữ khóa" if secret else "Thư ký",))
            right = Signature(("Chủ trì",))
        self.paper.signatures(left, right)
        self.paper.recipients([f"- {DOTS};", "- Lưu: VT, hồ sơ hội nghị."])
