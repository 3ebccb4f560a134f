"""How ballots are decided: pure, the same history and the same event give the same answer everywhere."""

from services.ballots.domain.judge import JUDGE
from services.ballots.domain.state import Cycle

__all__ = ["JUDGE", "Cycle"]
