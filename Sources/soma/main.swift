import Glibc
import SomaBench
import SomaCommands

exit(CommandLineTool.main(bench: BenchCommands.run))
