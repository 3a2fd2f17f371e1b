/** The tree of commands: names, options, help. What one does is loaded when it is asked for. */
import { Command, CommanderError, Option } from 'commander'
import { addresses, durationMs } from './arguments.ts'
import { addStorage } from './commands/storage.ts'
import { examplesText } from './examples.ts'
import { ExitCode, Interrupted, OutputClosed, UsageError } from './failure.ts'
import { printLine, printNote } from './output.ts'
import { sentenceOf } from './sentence.ts'
import { addConfigs } from './tree/configs.ts'
import { addGroups } from './tree/groups.ts'
import { collected, reading } from './tree/options.ts'
import { addConsume, addProduce, addRecords } from './tree/records.ts'
import { addTopics } from './tree/topics.ts'
import { versionText } from './version.ts'

/** Runs one command line (without node and script). Resolves with the exit code; never rejects. */
export async function run(typed: readonly string[]): Promise<ExitCode> {
  try {
    await buildProgram().parseAsync(typed, { from: 'user' })
    return ExitCode.OK
  } catch (error) {
    return endFor(error)
  }
}

function endFor(error: unknown): ExitCode {
  if (error instanceof OutputClosed) return ExitCode.OK
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return ExitCode.OK
    // Help that was not asked for has been printed already; it says what to type.
    if (error.code !== 'commander.help') printNote(usageSentence(error.message))
    return ExitCode.USAGE
  }
  printNote(sentenceOf(error))
  if (error instanceof Interrupted) return error.exitCode
  return error instanceof UsageError ? ExitCode.USAGE : ExitCode.FAILED
}

/** commander's message in one line: "error: unknown option '--x'\n(Did you mean --y?)". */
function usageSentence(message: string): string {
  const text = message
    .replace(/^error: /, '')
    .replace('is invalid. ', 'is invalid: ')
    .replace(/\s*\n\s*/g, ' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}; --help tells more.`
}

/** The whole tree. Nothing runs until it parses a command line. */
export function buildProgram(): Command {
  const program = new Command('ottla')
    .description('A Kafka-wire-compatible commit log, and a command line for any Kafka cluster.')
    .version(versionText(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: text => printLine(text.replace(/\n$/, '')),
      writeErr: text => printNote(text.replace(/\n$/, '')),
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
  program
    .addOption(
      new Option('-b, --bootstrap-server <address>', 'brokers to begin with: host:port[,host:port]')
        .env('OTTLA_BOOTSTRAP_SERVER')
        .default(['127.0.0.1:9092'], '127.0.0.1:9092')
        .argParser(reading(addresses)),
    )
    .option('--json', 'print JSON, one document a line')
    .option('--timeout <time>', 'give up after this long (default: 30s)', reading(durationMs))
  addStart(program)
  addHealth(program)
  addTopics(program)
  addGroups(program)
  addProduce(program)
  addConsume(program)
  addRecords(program)
  addConfigs(program)
  addDumpLog(program)
  addStorage(program)
  program.addHelpText('after', EXIT_CODES)
  for (const command of program.commands) {
    command.addHelpText('after', examplesText(command.name()))
    for (const inner of command.commands) {
      inner.addHelpText('after', examplesText(`${command.name()} ${inner.name()}`))
    }
  }
  return program
}

/** The commands that do something, by the name typed after `ottla`. */
export function runnable(program: Command): { readonly name: string; readonly command: Command }[] {
  return program.commands.flatMap(command =>
    command.commands.length === 0
      ? [{ name: command.name(), command }]
      : command.commands.map(inner => ({
          name: `${command.name()} ${inner.name()}`,
          command: inner,
        })),
  )
}

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 used wrongly, 130 and 143 cut short by SIGINT and SIGTERM.

Examples:
  $ ottla start
  $ echo hello | ottla produce greetings
  $ ottla consume greetings`

const START_HELP = `
Settings are read from the file, then from the environment (KAFKA_LOG_DIRS is log.dirs), then from
--override; the last to name a setting wins. Those that are set most often:
  log.dirs=data                         the data folder
  listeners=PLAINTEXT://127.0.0.1:9092  where to listen; PLAINTEXT://:9092 is every interface
  advertised.listeners                  the address that clients are told
  num.partitions=1                      of topics that are created without a number
  auto.create.topics.enable=true        a client that names a topic creates it
  log.retention.hours=168               how long records stay
  durability=fsync                      os: an acknowledged record may still be in the page cache
All settings: docs/configuration.md. LOG_LEVEL is trace, debug, info (default), warn, error or
fatal. SIGTERM, SIGINT and SIGHUP stop the broker cleanly; the exit code is 0 then, 1 if it failed,
2 if it was asked for wrongly.`

function addStart(program: Command): void {
  program
    .command('start')
    .summary('Runs a broker.')
    .description("Runs a broker until SIGTERM or SIGINT. Settings have Kafka's names.")
    .argument('[server.properties]', 'file of settings')
    .option('--override <name=value>', 'one setting; wins over file and environment', collected)
    .addHelpText('after', START_HELP)
    .action(async (file: string | undefined, options) => {
      const { start } = await import('./commands/start.ts')
      await start(file, options.override ?? [])
    })
}

function addHealth(program: Command): void {
  program
    .command('health')
    .summary('Tells whether the cluster serves.')
    .description(
      'One line about the cluster; exit code 1 when nobody answers or a partition has no leader.',
    )
    .action(async (_options, command: Command) => {
      const { health } = await import('./commands/health.ts')
      await health(command.optsWithGlobals())
    })
}

function addDumpLog(program: Command): void {
  program
    .command('dump-log')
    .summary('Shows and verifies files of a data folder.')
    .description(
      'Shows and verifies segments, indexes, producer snapshots and epoch files of Ottla and of ' +
        'Apache Kafka. Reads files only; needs no broker.',
    )
    .argument('<path...>', 'files, or folders of partitions')
    .option('--records', 'print the records too')
    .option('--verify', 'print faults only; exit code 1 when there is one')
    .action(async (paths: string[], _options, command: Command) => {
      const { dumpLog } = await import('./commands/dump-log.ts')
      await dumpLog(paths, command.optsWithGlobals())
    })
}
