"""What a drawn network means: shapes and costs (`infer`, no torch), and the torch module (`module`, torch)."""

from engine.compile.infer import Facts, NetworkReport, NodeReport, Problem, infer

__all__ = ["Facts", "NetworkReport", "NodeReport", "Problem", "infer"]
