/** What `--help` of each command ends with: command lines to copy. */

/** By the command's name without `ottla`. A line is a command line and what it does. */
export const EXAMPLES: ReadonlyMap<string, readonly (readonly [line: string, does: string])[]> =
  new Map([
    [
      'start',
      [
        ['ottla start', 'in ./data, at 127.0.0.1:9092'],
        ['ottla start server.properties', 'with the settings of a file'],
        ['ottla start --override log.dirs=/data --override durability=os', 'with single settings'],
        ['KAFKA_LOG_DIRS=/data LOG_LEVEL=debug ottla start', 'with settings of the environment'],
      ],
    ],
    ['health', [['ottla health -b 10.0.0.5:9092 --timeout 5s', 'exit code 1 unless it is well']]],
    [
      'topics create',
      [['ottla topics create orders -p 6 --config retention.ms=86400000', 'records stay a day']],
    ],
    ['topics list', [['ottla topics list --json', 'an object a line']]],
    ['topics describe', [['ottla topics describe orders payments', 'partitions and settings']]],
    [
      'topics alter',
      [
        ['ottla topics alter orders -p 12', 'twelve partitions in all'],
        ['ottla topics alter orders --delete-config retention.ms', 'back to the default'],
      ],
    ],
    [
      'topics delete',
      [['ottla topics delete orders payments --if-exists', 'those that are there']],
    ],
    ['groups list', [['ottla groups list', 'states, and how far behind each group is']]],
    ['groups describe', [['ottla groups describe billing', 'a row for each partition']]],
    [
      'groups reset',
      [
        ['ottla groups reset billing --to earliest', 'shows what would change'],
        ['ottla groups reset billing --to 2h --execute', 'reads the last two hours again'],
        ['ottla groups reset billing --shift -10 -t orders -p 0 --execute', 'ten records back'],
      ],
    ],
    ['groups delete', [['ottla groups delete billing', 'and all that it has committed']]],
    [
      'produce',
      [
        ["echo 'alice:2 apples' | ottla produce orders -K :", 'a record with a key'],
        ["ottla produce orders --file orders.tsv -K '\\t' -z zstd", 'keys end at the first tab'],
      ],
    ],
    [
      'consume',
      [
        ['ottla consume orders --from -10', 'the last ten records of each partition'],
        ["ottla consume orders --follow --format '%p@%o %k=%v'", 'what comes from now on'],
        ['ottla consume orders -g billing --json', 'as a member of a group'],
      ],
    ],
    [
      'records delete',
      [
        ['ottla records delete orders --before 7d', 'shows what would go'],
        ['ottla records delete orders --before 1000 -p 0 --execute', 'offsets 0 to 999'],
      ],
    ],
    [
      'configs describe',
      [
        ['ottla configs describe broker 1 --all', 'every setting of a broker'],
        ['ottla configs describe topic orders', 'what was set for a topic'],
      ],
    ],
    [
      'configs set',
      [
        ['ottla configs set topic orders retention.ms=86400000', 'records stay a day'],
        ['ottla configs set broker default log.retention.ms=604800000', 'of all brokers: a week'],
      ],
    ],
    ['configs delete', [['ottla configs delete topic orders retention.ms', 'back to the default']]],
    ['dump-log', [['ottla dump-log --verify data', 'faults only, of a whole data folder']]],
    ['storage strays', [['ottla storage strays data', 'what a broker set aside']]],
    [
      'storage restore',
      [['ottla storage restore data orders-0.1f2e-stray --dry-run', 'says what would be done']],
    ],
    [
      'storage repair',
      [['ottla storage repair data', 'says what is damaged, and changes nothing']],
    ],
  ])

/** The end of a command's help; that of a group of commands has one example of each. */
export function examplesText(name: string): string {
  const own = EXAMPLES.get(name)
  const inner = [...EXAMPLES].filter(([key]) => key.startsWith(`${name} `))
  const examples = own ?? inner.flatMap(([, lines]) => lines.slice(0, 1))
  const lines = examples.map(([line, does]) => `  $ ${line}\n      ${does}`)
  return `\n${examples.length === 1 ? 'Example' : 'Examples'}:\n${lines.join('\n')}`
}
