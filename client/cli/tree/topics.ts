/** The command group `ottla topics`. */
import type { Command } from 'commander'
import { positiveCount, settings } from '../arguments.ts'
import { collected, reading } from './options.ts'

export function addTopics(program: Command): void {
  const topics = program
    .command('topics')
    .helpCommand(false)
    .description('Creates, lists, describes, alters, deletes topics.')
  topics
    .command('create')
    .description('Creates topics.')
    .argument('<topic...>')
    .option('-p, --partitions <number>', "default: the cluster's", reading(positiveCount))
    .option('-r, --replication-factor <number>', "default: the cluster's", reading(positiveCount))
    .option('--config <name=value>', "a topic setting, by Kafka's name", reading(settings))
    .option('--if-not-exists', 'leave topics alone that are there')
    .action(async (names: string[], _options, command: Command) => {
      const { createTopics } = await import('../commands/topics.ts')
      await createTopics(names, command.optsWithGlobals())
    })
  topics
    .command('list')
    .description('Lists topics.')
    .option('--internal', "also those that hold the cluster's own state")
    .action(async (_options, command: Command) => {
      const { listTopics } = await import('../commands/topics.ts')
      await listTopics(command.optsWithGlobals())
    })
  topics
    .command('describe')
    .description('Shows partitions, offsets and settings of topics.')
    .argument('<topic...>')
    .action(async (names: string[], _options, command: Command) => {
      const { describeTopics } = await import('../commands/topics.ts')
      await describeTopics(names, command.optsWithGlobals())
    })
  addAlter(topics)
  addDelete(topics)
}

function addAlter(topics: Command): void {
  topics
    .command('alter')
    .description('Gives topics more partitions, or other settings.')
    .argument('<topic...>')
    .option(
      '-p, --partitions <number>',
      'so many in all; keys may go to other partitions than before',
      reading(positiveCount),
    )
    .option('--config <name=value>', 'a setting to set (repeatable)', reading(settings))
    .option(
      '--delete-config <name>',
      'a setting that goes back to its default (repeatable)',
      collected,
    )
    .action(async (names: string[], _options, command: Command) => {
      const { alterTopics } = await import('../commands/topics.ts')
      await alterTopics(names, command.optsWithGlobals())
    })
}

function addDelete(topics: Command): void {
  topics
    .command('delete')
    .description('Deletes topics and everything in them.')
    .argument('<topic...>')
    .option('--if-exists', 'no error for topics that are not there')
    .action(async (names: string[], _options, command: Command) => {
      const { deleteTopics } = await import('../commands/topics.ts')
      await deleteTopics(names, command.optsWithGlobals())
    })
}
