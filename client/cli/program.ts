/** The tree of commands: names, options, help. What one does is loaded when it is asked for. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import {
  addresses,
  count,
  durationMs,
  header,
  partitionList,
  positiveCount,
  settings,
  startAt,
} from './arguments.ts'
import { addStorage } from './commands/storage.ts'
import { unescaped } from './escapes.ts'
import { ExitCode, Interrupted, OutputClosed, UsageError } from './failure.ts'
import { printLine, printNote } from './output.ts'
import { sentenceOf } from './sentence.ts'
import { versionText } from './version.ts'

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

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
  addDumpLog(program)
  addStorage(program)
  return program
}

/** An option's parser whose refusals commander reports with the option's name. */
function reading<T>(parse: (typed: string, before?: T) => T): (typed: string, before?: T) => T {
  return (typed, before) => {
    try {
      return parse(typed, before)
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(error.message)
      throw error
    }
  }
}

function collected(typed: string, before: readonly string[] = []): string[] {
  return [...before, typed]
}

function addStart(program: Command): void {
  program
    .command('start')
    .summary('Runs a broker.')
    .description("Runs a broker until SIGTERM or SIGINT. Settings have Kafka's names.")
    .argument('[server.properties]', 'file of settings')
    .option('--override <name=value>', 'one setting; wins over file and environment', collected)
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

function addTopics(program: Command): void {
  const topics = program
    .command('topics')
    .helpCommand(false)
    .description('Creates, lists, describes, deletes topics.')
  topics
    .command('create')
    .description('Creates topics.')
    .argument('<topic...>')
    .option('-p, --partitions <number>', "default: the cluster's", reading(positiveCount))
    .option('-r, --replication-factor <number>', "default: the cluster's", reading(positiveCount))
    .option('--config <name=value>', "a topic setting, by Kafka's name", reading(settings))
    .option('--if-not-exists', 'leave topics alone that are there')
    .action(async (names: string[], _options, command: Command) => {
      const { createTopics } = await import('./commands/topics.ts')
      await createTopics(names, command.optsWithGlobals())
    })
  topics
    .command('list')
    .description('Lists topics.')
    .option('--internal', "also those that hold the cluster's own state")
    .action(async (_options, command: Command) => {
      const { listTopics } = await import('./commands/topics.ts')
      await listTopics(command.optsWithGlobals())
    })
  topics
    .command('describe')
    .description('Shows partitions, offsets and settings of topics.')
    .argument('<topic...>')
    .action(async (names: string[], _options, command: Command) => {
      const { describeTopics } = await import('./commands/topics.ts')
      await describeTopics(names, command.optsWithGlobals())
    })
  topics
    .command('delete')
    .description('Deletes topics and everything in them.')
    .argument('<topic...>')
    .option('--if-exists', 'no error for topics that are not there')
    .action(async (names: string[], _options, command: Command) => {
      const { deleteTopics } = await import('./commands/topics.ts')
      await deleteTopics(names, command.optsWithGlobals())
    })
}

function addGroups(program: Command): void {
  const groups = program
    .command('groups')
    .helpCommand(false)
    .description('Lists, describes, deletes consumer groups.')
  groups
    .command('list')
    .description('Lists consumer groups.')
    .action(async (_options, command: Command) => {
      const { listGroups } = await import('./commands/groups.ts')
      await listGroups(command.optsWithGlobals())
    })
  groups
    .command('describe')
    .description('Shows what groups have committed, how far behind they are, and their members.')
    .argument('<group...>')
    .action(async (groupIds: string[], _options, command: Command) => {
      const { describeGroups } = await import('./commands/groups.ts')
      await describeGroups(groupIds, command.optsWithGlobals())
    })
  groups
    .command('delete')
    .description('Deletes groups and what they have committed. They must have no members.')
    .argument('<group...>')
    .action(async (groupIds: string[], _options, command: Command) => {
      const { deleteGroups } = await import('./commands/groups.ts')
      await deleteGroups(groupIds, command.optsWithGlobals())
    })
}

function addProduce(program: Command): void {
  program
    .command('produce')
    .summary('Writes records: one a line.')
    .description('Writes the lines of standard input, or of a file, to a topic: one record a line.')
    .argument('<topic>')
    .option('-f, --file <path>', 'read this file instead of standard input')
    .option('-K, --key-separator <text>', 'a line is a key, this, and a value', reading(unescaped))
    .option('-H, --header <name=value>', 'a header of every record (repeatable)', reading(header))
    .option('-p, --partition <number>', 'write to this partition only', reading(count))
    .option('--null-marker <text>', 'a key or value of exactly this is null', reading(unescaped))
    .addOption(
      new Option('-z, --compression <codec>', 'of batches').choices(COMPRESSIONS).default('none'),
    )
    .addOption(
      new Option('--acks <acks>', 'all: every in-sync replica has it; 1: the leader; 0: do not ask')
        .choices(['all', '1', '0'])
        .default('all'),
    )
    .action(async (topic: string, _options, command: Command) => {
      const { produce } = await import('./commands/produce.ts')
      await produce(topic, command.optsWithGlobals())
    })
}

function addConsume(program: Command): void {
  program
    .command('consume')
    .summary('Prints records.')
    .description(
      "Prints a topic's records and stops at the end of what was there, unless told to follow.",
    )
    .argument('<topic>')
    .option(
      '--from <where>',
      'beginning, end, an offset, -N (the last N), a time (2026-11-21T10:30, @milliseconds) or ' +
        'how long ago (15m); default: beginning, with --follow the end. In a group: where ' +
        'nothing is committed',
      reading((typed: string) => startAt(typed, Date.now())),
    )
    .option('-n, --count <number>', 'stop after so many records', reading(positiveCount))
    .option('-F, --follow', 'go on when the end is reached')
    .option('-g, --group <id>', 'read as a member of this group and commit what was printed')
    .option('-p, --partition <list>', 'only these: 0 or 0,2 or 0-3', reading(partitionList))
    .option(
      '--format <format>',
      '%k key, %v value, %o offset, %p partition, %t topic, %T timestamp (ms), %h headers, %% %; ' +
        '\\n \\t \\r \\0 \\xHH',
      '%v',
    )
    .option('-D, --delimiter <text>', 'what follows each record', reading(unescaped), '\n')
    .option('--null-marker <text>', 'stands for null in what is printed', reading(unescaped), '')
    .option('--uncommitted', 'also what transactions have not committed, or aborted')
    .action(async (topic: string, _options, command: Command) => {
      const { consume } = await import('./commands/consume.ts')
      await consume(topic, command.optsWithGlobals())
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
