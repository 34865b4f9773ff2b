"""Dumps of memory, core(5), of processes that crashed: what code it was in. Used by restarts."""

import struct
from collections import defaultdict

from elftools.elf.elffile import ELFFile

#: Of x86-64's struct elf_prstatus, linux/elfcore.h: from where on there are the 27 registers of user_regs_struct.
_REGISTERS, _RIP, _RSP = 112, 16, 19

#: Of what x86-64's kernel lays on the stack for a signal handler, struct rt_sigframe: its size up to the registers' end, and where
#: it has rsp, rip, the segments and the number of the trap; the code segment of programs and the number of a page fault.
_FRAME, _FIELDS = 312, (168, 176, 192, 208)
_PROGRAM, _PAGE_FAULT = 0x33, 14

#: How much of a stack is looked at.
_DEPTH = 1 << 14


class Core:
    """A dump. `pid`: its process; `library`: file name of the code that crashed; `caller`: of what had just called it.

    `caller` is right where the crash was in the first instructions of a function; None where there is no file.
    """

    def __init__(self, path):
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            notes = defaultdict(list)
            for segment in elf.iter_segments("PT_NOTE"):
                for note in segment.iter_notes():
                    notes[note["n_type"]].append(note["n_desc"])
            self.pid = notes["NT_PRPSINFO"][0]["pr_pid"]
            threads = [struct.unpack_from("<27Q", status, _REGISTERS) for status in notes["NT_PRSTATUS"]]
            # The first thread died of the signal. httpd's own handler sends it again, and then it may be any thread.
            crashed = (threads[0][_RIP], threads[0][_RSP])
            for registers in threads:
                crashed = _interrupted(_memory(elf, stream, registers[_RSP], _DEPTH)) or crashed
            top = int.from_bytes(_memory(elf, stream, crashed[1], 8), "little")
        self.library, self.caller = (_file(notes["NT_FILE"][0], address) for address in (crashed[0], top))

    def is_of_event(self):
        """Tell whether event crashed by itself as it closed connections for a hard restart or the end.

        Its main thread then asks APR for the socket of each connection that is served, while their threads free them
        (close_worker_sockets in httpd's server/mpm/event/event.c).
        """
        return (self.library or "").startswith("libapr-1.so") and self.caller == "mod_mpm_event.so"


def _memory(elf, stream, address, size):
    """Return what a dump has of the memory from an address on, at most so many bytes."""
    for segment in elf.iter_segments("PT_LOAD"):
        offset = address - segment["p_vaddr"]
        if 0 <= offset < segment["p_filesz"]:
            stream.seek(segment["p_offset"] + offset)
            return stream.read(min(size, segment["p_filesz"] - offset))
    return b""


def _interrupted(stack):
    """Return (instruction, stack) of what made a page fault that a handler works at, None if there is no handler's frame."""
    for start in range(0, len(stack) - _FRAME + 1, 8):
        rsp, rip, segments, trap = (struct.unpack_from("<Q", stack, start + at)[0] for at in _FIELDS)
        if trap == _PAGE_FAULT and segments & 0xFFFF == _PROGRAM:
            return rip, rsp
    return None


def _file(mapped, address):
    for entry, name in zip(mapped["Elf_Nt_File_Entry"], mapped["filename"], strict=True):
        if entry["vm_start"] <= address < entry["vm_end"]:
            return name.decode("utf-8", "replace").rsplit("/", 1)[-1]
    return None
