"""The units service's pure half: registry, the year's frame, reports, scores, ranking."""

from services.units.domain.judge import JUDGE
from services.units.domain.state import Cycle

__all__ = ["JUDGE", "Cycle"]
