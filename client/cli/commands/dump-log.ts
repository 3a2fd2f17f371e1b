/** `ottla dump-log`: shows and verifies the files of a data folder, without a broker. */
import { nodeHost } from '../../../host/node/host.ts'
import { CommandFailure } from '../failure.ts'
import { dumpFile } from '../log-dump.ts'
import { type LogFile, logFilesUnder } from '../log-files.ts'
import { plural, printJson, printLine } from '../output.ts'

export interface DumpLogOptions {
  readonly records?: boolean
  readonly verify?: boolean
  readonly json?: boolean
}

/** Throws CommandFailure when a fault was found. */
export async function dumpLog(paths: readonly string[], options: DumpLogOptions): Promise<void> {
  const host = nodeHost()
  const files = paths.flatMap(path => logFilesUnder(host.disk, path))
  let faults = 0
  for (const file of files) faults += show(host, file, options)
  if (faults > 0) {
    throw new CommandFailure(
      `Found ${plural(faults, 'fault')} in ${plural(files.length, 'file')}: a broker that starts ` +
        'on them cuts a torn end and rebuilds indexes; other faults need a copy of the data.',
    )
  }
  if (!options.json) printLine(`No fault in ${plural(files.length, 'file')}.`)
}

/** Prints a file; returns how many faults it has. */
function show(
  host: ReturnType<typeof nodeHost>,
  file: LogFile,
  { records, verify, json }: DumpLogOptions,
): number {
  let faults = 0
  if (!json && !verify) printLine(`${file.kind} ${file.path}`)
  for (const line of dumpFile(host, file, records === true)) {
    faults += line.faults.length
    if (json) {
      if (verify && line.faults.length === 0) continue
      printJson({ file: file.path, kind: file.kind, ...line.data, faults: line.faults })
      continue
    }
    if (!verify && line.text !== '') printLine(`  ${line.text.replaceAll('\n', '\n  ')}`)
    for (const fault of line.faults) printLine(`${verify ? file.path : '  FAULT'}: ${fault}`)
  }
  return faults
}
