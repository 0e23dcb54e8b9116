"""Numbers at any byte of a buffer, for compiled loops."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.types import Type
from numba.extending import intrinsic


def _loader(result: Type, big_endian: bool = False) -> Any:
    """A function `load(data, offset)` that reads one number without asking for its alignment.

    The caller has checked that all its bytes lie inside the array.
    """

    def typing(_context: Any, data: Type, _offset: Type) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            kind = context.get_value_type(result)
            bits = ir.IntType(result.bitwidth)  # pyright: ignore[reportAttributeAccessIssue]
            place = builder.gep(array.data, [arguments[1]])
            value = builder.load(builder.bitcast(place, bits.as_pointer()))
            value.align = 1
            if big_endian and bits.width > 8:
                value = builder.bswap(value)
            return value if kind == bits else builder.bitcast(value, kind)

        return result(data, types.int64), generate

    return intrinsic(typing)


u8 = _loader(types.uint8)
i8 = _loader(types.int8)
u16 = _loader(types.uint16)
i16 = _loader(types.int16)
u32 = _loader(types.uint32)
i32 = _loader(types.int32)
u64 = _loader(types.uint64)
i64 = _loader(types.int64)
f32 = _loader(types.float32)
f64 = _loader(types.float64)
u16_big = _loader(types.uint16, big_endian=True)
i16_big = _loader(types.int16, big_endian=True)
u32_big = _loader(types.uint32, big_endian=True)
i32_big = _loader(types.int32, big_endian=True)
u64_big = _loader(types.uint64, big_endian=True)
i64_big = _loader(types.int64, big_endian=True)
f32_big = _loader(types.float32, big_endian=True)
f64_big = _loader(types.float64, big_endian=True)
