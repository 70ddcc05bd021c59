"""Where to compute and in which number format, with the reason in words."""

import os
from dataclasses import dataclass

import psutil
import torch

from engine.compile import NetworkReport
from engine.errors import EngineError

# Who asks for float32 gets it, also from the convolutions of an NVIDIA card, which would otherwise round to the 10 bits
# of TF32. Who wants to be fast has bfloat16, which "auto" chooses there.
torch.backends.cudnn.allow_tf32 = False

# What a deterministic training needs of cuBLAS, which reads it once, at the first product that a process computes on a
# card: when the training begins it may be too late. NVIDIA, cuBLAS documentation, "Results reproducibility".
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

WORTH_BFLOAT16 = 500_000
"""Multiply-adds per picture below which a CPU spends more on converting numbers than it gains."""


@dataclass(frozen=True)
class Placement:
    """Device and precision of a computation."""

    device: torch.device
    device_reason: str
    precision: str
    precision_reason: str

    @property
    def dtype(self) -> torch.dtype:
        return getattr(torch, self.precision)

    def autocast(self) -> torch.autocast:
        """A fresh context in which layers compute in the chosen precision; switched off for float32."""
        if self.precision == "float32":
            return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=False)
        return torch.autocast(self.device.type, dtype=self.dtype)


def place(device: str, precision: str, report: NetworkReport) -> Placement:
    """Choose a device and a precision for a network.

    Args:
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "float32", "bfloat16" or "float16".
    Raises:
        EngineError: the wanted device is not there, or cannot compute in the wanted precision.
    """
    chosen, reason = _device(device)
    number_format, format_reason = _precision(precision, chosen, report)
    return Placement(chosen, reason, number_format, format_reason)


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def _device(wanted: str) -> tuple[torch.device, str]:
    if wanted == "cuda" and not torch.cuda.is_available():
        raise EngineError(
            "There is no NVIDIA graphics processor to train on.",
            why="PyTorch finds none, or its driver is too old.",
            fix="Set the device to automatic or CPU, or install NVIDIA's driver.",
        )
    if wanted == "mps" and not _has_mps():
        raise EngineError(
            "There is no Apple graphics processor to train on.", fix="Set the device to automatic or CPU."
        )
    if wanted != "auto":
        return torch.device(wanted), "chosen by hand"
    if torch.cuda.is_available():
        return torch.device("cuda"), f"{torch.cuda.get_device_name()} was found"
    if _has_mps():
        return torch.device("mps"), "an Apple graphics processor was found"
    return torch.device("cpu"), "no graphics processor was found"


def _precision(wanted: str, device: torch.device, report: NetworkReport) -> tuple[str, str]:
    if wanted != "auto":
        if wanted == "float16" and device.type == "cpu":
            raise EngineError(
                "A CPU cannot train in float16.",
                why="Its small gradients would become zero.",
                fix="Set the precision to automatic, bfloat16 or float32.",
            )
        return wanted, "chosen by hand"
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bfloat16", "this graphics processor computes it natively"
        return "float16", "this graphics processor computes it faster; small gradients are scaled"
    if device.type == "cpu":
        return _cpu_precision(report)
    return "float32", "the safe choice on this device"


def _cpu_precision(report: NetworkReport) -> tuple[str, str]:
    if not cpu_has_bfloat16():
        return "float32", "this processor has no faster format"
    convolves = any(entry.layer is not None and entry.layer.family == "convolution" for entry in report.nodes.values())
    if not convolves or report.multiply_adds < WORTH_BFLOAT16:
        return "float32", "the network is too small to gain from a shorter format"
    return "bfloat16", "this processor computes it natively"


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX-512 BF16 or AMX)."""
    # torch has no public question for this in all the versions we support; an unknown answer means no.
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check, lambda: False)() for check in checks)


@dataclass(frozen=True)
class Machine:
    """What "auto" will compute on.

    Attributes:
        words: a few: "NVIDIA H200 · 139 GB", "CPU · 2 cores".
        memory: bytes that a training can use: free ones of the graphics processor, or of this machine; 0 where nobody
            says.
    """

    words: str
    memory: int = 0


def machine() -> Machine:
    """What "auto" will compute on, as it is now."""
    device, _ = _device("auto")
    if device.type == "cuda":
        return Machine(describe(), torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return Machine(describe(), torch.mps.recommended_max_memory())
    return Machine(describe(), psutil.virtual_memory().available)


def describe() -> str:
    """What "auto" will compute on, in a few words: "NVIDIA H200 · 139 GB", "CPU · 2 cores"."""
    return _described(_device("auto")[0])


def _described(device: torch.device) -> str:
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory / 2**30
        return f"{torch.cuda.get_device_name()} · {memory:.0f} GB"
    if device.type == "mps":
        return "Apple GPU"
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    return f"CPU · {cores} {'core' if cores == 1 else 'cores'}"


@dataclass(frozen=True)
class DeviceUse:
    """On what a training would compute now.

    Attributes:
        words: as of `describe`.
        reason: why it was chosen: "no graphics processor was found".
        busy: what it does now: "37 % busy, 5.1 GB free". Of a CPU, since this was asked last.
    """

    words: str
    reason: str
    busy: str


def device_use(wanted: str = "auto") -> DeviceUse:
    """Look at a device. Raises: EngineError, where it is not there."""
    device, reason = _device(wanted)
    if device.type == "mps":
        used = torch.mps.driver_allocated_memory()
        return DeviceUse(_described(device), reason, f"{_gigabytes(used)} of memory in use by Atelier")
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        busy = f"{_gigabytes(total - free)} of {_gigabytes(total)} of memory in use"
        return DeviceUse(_described(device), reason, f"{_gpu_load(device)}{busy}")
    free = psutil.virtual_memory().available
    busy = f"{psutil.cpu_percent():.0f} % busy, {_gigabytes(free)} free"
    return DeviceUse(_described(device), reason, busy)


def _gpu_load(device: torch.device) -> str:
    try:
        return f"{torch.cuda.utilization(device)} % busy, "
    except Exception:  # it needs a package that many machines lack, and a driver that may refuse
        return ""


def _gigabytes(count: float) -> str:
    return f"{count / 2**30:.1f} GB"
