import Glibc
import SomaCommands

exit(CommandLineTool.main(bench: { _ in 2 }))
