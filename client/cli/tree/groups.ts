/** The command group `ottla groups`. */
import type { Command } from 'commander'
import { partitionList, shift, startAt } from '../arguments.ts'
import { collected, reading } from './options.ts'

export function addGroups(program: Command): void {
  const groups = program
    .command('groups')
    .helpCommand(false)
    .description('Lists, describes, resets, deletes consumer groups.')
  groups
    .command('list')
    .description('Lists consumer groups: state, type, and how many records they are behind.')
    .action(async (_options, command: Command) => {
      const { listGroups } = await import('../commands/groups.ts')
      await listGroups(command.optsWithGlobals())
    })
  groups
    .command('describe')
    .description('Shows what groups have committed, how far behind they are, and their members.')
    .argument('<group...>')
    .action(async (groupIds: string[], _options, command: Command) => {
      const { describeGroups } = await import('../commands/groups.ts')
      await describeGroups(groupIds, command.optsWithGlobals())
    })
  groups
    .command('reset')
    .description(
      'Moves what a group has committed. Shows the move and does it only with --execute. The ' +
        'group must have no members.',
    )
    .argument('<group>')
    .option(
      '--to <where>',
      'earliest, latest, an offset, -N (the last N), a time (2026-11-21T10:30, @milliseconds) or ' +
        'how long ago (15m)',
      reading((typed: string) => startAt(typed, Date.now())),
    )
    .option('--shift <number>', 'so many records on, or back: 10, -10', reading(shift))
    .option(
      '-t, --topic <name>',
      'all partitions of this topic (repeatable); default: all that the group has committed',
      collected,
    )
    .option('-p, --partition <list>', 'only these: 0 or 0,2 or 0-3', reading(partitionList))
    .option('--execute', 'do it; without this nothing is changed')
    .action(async (groupId: string, _options, command: Command) => {
      const { resetGroup } = await import('../commands/groups-reset.ts')
      await resetGroup(groupId, command.optsWithGlobals())
    })
  groups
    .command('delete')
    .description('Deletes groups and what they have committed. They must have no members.')
    .argument('<group...>')
    .action(async (groupIds: string[], _options, command: Command) => {
      const { deleteGroups } = await import('../commands/groups.ts')
      await deleteGroups(groupIds, command.optsWithGlobals())
    })
}
