"""Two instructions that numba has no name for."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

READ, KEEP_IN_L2, DATA = 0, 2, 1


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """`prefetch(array, index)`: fetch the memory of an element that is needed soon.

    An index past the end is harmless: a prefetch cannot fault.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(hint, [address, *(ir.Constant(number, n) for n in (READ, KEEP_IN_L2, DATA))])
        return context.get_dummy_value()

    return types.void(array, index), generate


@intrinsic
def add_two(typing_context: Any, array: Any, row: Any, first: Any, second: Any, factor: Any) -> Any:
    """`array[row, 0] += first * factor; array[row, 1] += second * factor`, both at once.

    `array` is contiguous, of shape (row, 2), and all numbers are of its type.
    """
    kind = array.dtype
    signature = types.void(array, row, kind, kind, kind)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        number, place = context.get_value_type(kind), ir.IntType(32)
        pair = ir.VectorType(number, 2)
        index = builder.shl(arguments[1], ir.Constant(arguments[1].type, 1))
        address = builder.bitcast(builder.gep(data, [index]), pair.as_pointer())

        def both(one: Any, other: Any) -> Any:
            half = builder.insert_element(ir.Constant(pair, ir.Undefined), one, ir.Constant(place, 0))
            return builder.insert_element(half, other, ir.Constant(place, 1))

        product = builder.fmul(both(arguments[2], arguments[3]), both(arguments[4], arguments[4]))
        total = builder.fadd(builder.load(address, align=number.get_abi_alignment(context.target_data)), product)
        builder.store(total, address, align=number.get_abi_alignment(context.target_data))
        return context.get_dummy_value()

    return signature, generate
