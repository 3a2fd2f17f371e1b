/** The command group `ottla configs`. */
import { Argument, type Command } from 'commander'
import { settings } from '../arguments.ts'
import type { ConfigKind } from '../commands/configs.ts'
import { reading } from './options.ts'

export function addConfigs(program: Command): void {
  const configs = program
    .command('configs')
    .helpCommand(false)
    .description('Shows and changes the settings of topics, brokers and groups.')
  configs
    .command('describe')
    .description('Shows settings that were set, and where.')
    .addArgument(kind())
    .argument('<name>', NAME)
    .option('--all', 'also those with their default value')
    .action(async (type: ConfigKind, name: string, _options, command: Command) => {
      const { describeConfigs } = await import('../commands/configs.ts')
      await describeConfigs(type, name, command.optsWithGlobals())
    })
  configs
    .command('set')
    .description('Sets settings, while brokers run.')
    .addArgument(kind())
    .argument('<name>', NAME)
    .argument('<name=value...>', "settings, by Kafka's names", reading(settings))
    .action(async (type: ConfigKind, name: string, changes, _options, command: Command) => {
      const { setConfigs } = await import('../commands/configs.ts')
      await setConfigs(type, name, changes, command.optsWithGlobals())
    })
  configs
    .command('delete')
    .description('Lets settings go back to their defaults.')
    .addArgument(kind())
    .argument('<name>', NAME)
    .argument('<setting...>', "settings, by Kafka's names")
    .action(async (type: ConfigKind, name: string, names: string[], _o, command: Command) => {
      const { deleteConfigs } = await import('../commands/configs.ts')
      await deleteConfigs(type, name, names, command.optsWithGlobals())
    })
}

const NAME = "of the topic or group; of a broker its id, or 'default' for all brokers"

function kind(): Argument {
  return new Argument('<kind>', 'whose settings').choices(['topic', 'broker', 'group'])
}
