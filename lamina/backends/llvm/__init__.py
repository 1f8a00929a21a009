"""Native code by LLVM. The only room that knows llvmlite."""
