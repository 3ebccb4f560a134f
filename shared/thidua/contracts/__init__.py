"""Contracts: every event that may stand in the log, who may publish it, and how it is parsed."""

from thidua.contracts.base import EventData, Role, Scope
from thidua.contracts.registry import CONTRACTS, SERVICES, Contract, Event, service_of

__all__ = ["CONTRACTS", "SERVICES", "Contract", "Event", "EventData", "Role", "Scope", "service_of"]
