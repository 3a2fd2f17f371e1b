/** The command group `ottla storage`: tools for a data folder; what each does is loaded then. */
import type { Command } from 'commander'

export function addStorage(program: Command): void {
  const storage = program
    .command('storage')
    .summary('Looks after a data folder.')
    .description('Looks after a data folder: what a broker set aside, and how to take it back.')
  addStrays(storage)
}

function addStrays(storage: Command): void {
  storage
    .command('strays')
    .summary('Lists the folders that a broker set aside.')
    .description('Lists the folders that a broker set aside, for it knew no topic of theirs.')
    .argument('<folder>', 'the data folder (log.dirs); a broker may run on it')
    .action(async (folder: string, _options, command: Command) => {
      const { showStrays } = await import('./storage-strays.ts')
      await showStrays(folder, command.optsWithGlobals())
    })
  storage
    .command('restore')
    .summary('Takes back folders that a broker set aside.')
    .description(
      'Makes folders that a broker set aside the logs of their partitions again. A topic that is ' +
        'in no metadata is made again. No broker may run on the data folder.',
    )
    .argument('<folder>', 'the data folder (log.dirs)')
    .argument('<stray...>', 'names of folders, as "ottla storage strays" prints them')
    .option('--dry-run', 'say what would be done, and do nothing')
    .action(async (folder: string, strays: string[], _options, command: Command) => {
      const { restoreStrays } = await import('./storage-strays.ts')
      await restoreStrays(folder, strays, command.optsWithGlobals())
    })
  storage
    .command('repair')
    .description(
      'Shows what is damaged in a data folder and keeps a broker from reading it; with --apply ' +
        'sets it aside, keeping a copy beside.',
    )
    .argument('<folder>', 'the data folder (log.dirs)')
    .option('--apply', 'do it; without this nothing is written')
    .action(async (folder: string, _options, command: Command) => {
      const { storageRepair } = await import('./storage-repair.ts')
      await storageRepair(folder, command.optsWithGlobals())
    })
}
