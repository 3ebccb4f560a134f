"""How pledges are decided: pure, the same history and the same event give the same answer everywhere."""

from services.pledges.domain.judge import JUDGE
from services.pledges.domain.state import Cycle

__all__ = ["JUDGE", "Cycle"]
