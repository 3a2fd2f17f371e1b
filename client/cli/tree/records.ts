/** The commands about records: `ottla produce`, `ottla consume` and the group `ottla records`. */
import { type Command, Option } from 'commander'
import { count, header, partitionList, positiveCount, startAt } from '../arguments.ts'
import { unescaped } from '../escapes.ts'
import { reading } from './options.ts'

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export function addProduce(program: Command): void {
  program
    .command('produce')
    .summary('Writes records: one a line.')
    .description('Writes the lines of standard input, or of a file, to a topic: one record a line.')
    .argument('<topic>')
    .option('-f, --file <path>', 'read this file instead of standard input')
    .option(
      '-K, --key-separator <text>',
      'a line is a key, this, and a value; \\t is a tab',
      reading(unescaped),
    )
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
      const { produce } = await import('../commands/produce.ts')
      await produce(topic, command.optsWithGlobals())
    })
}

export function addConsume(program: Command): void {
  program
    .command('consume')
    .summary('Prints records.')
    .description(
      "Prints a topic's records and stops at the end of what was there, unless told to follow.",
    )
    .argument('<topic>')
    .option(
      '--from <where>',
      'beginning (earliest), end (latest), an offset, -N (the last N), a time (2026-11-21T10:30, ' +
        '@milliseconds) or how long ago (15m); default: beginning, with --follow the end. In a ' +
        'group: where nothing is committed',
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
      const { consume } = await import('../commands/consume.ts')
      await consume(topic, command.optsWithGlobals())
    })
}

export function addRecords(program: Command): void {
  const records = program
    .command('records')
    .helpCommand(false)
    .description('Deletes the oldest records of a topic.')
  records
    .command('delete')
    .description(
      'Deletes the records of a topic below an offset. Shows what would go and deletes only with ' +
        '--execute.',
    )
    .argument('<topic>')
    .requiredOption(
      '--before <where>',
      'an offset, a time (2026-11-21T10:30, @milliseconds), how long ago (7d), -N (keep the last ' +
        'N), or end (all that is there)',
      reading((typed: string) => startAt(typed, Date.now())),
    )
    .option('-p, --partition <list>', 'only these: 0 or 0,2 or 0-3', reading(partitionList))
    .option('--execute', 'do it; without this nothing is deleted')
    .action(async (topic: string, _options, command: Command) => {
      const { deleteRecords } = await import('../commands/records.ts')
      await deleteRecords(topic, command.optsWithGlobals())
    })
}
