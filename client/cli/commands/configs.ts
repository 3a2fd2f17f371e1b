/** `ottla configs`: shows and changes the settings of topics, brokers and groups. */
import type { Admin } from '../../admin.ts'
import type { ConfigChange, ConfigResource } from '../../admin-configs.ts'
import { CommandFailure, UsageError } from '../failure.ts'
import { printJson, printLine, printTable } from '../output.ts'
import { type GlobalOptions, withAdmin } from '../session.ts'
import { refuseMisspelt } from '../setting-names.ts'
import { existingTopics } from './topics.ts'

/** What brokers have that have no value of their own. */
const ALL_BROKERS = 'default'

export type ConfigKind = ConfigResource['type']

function resourceOf(type: ConfigKind, name: string): ConfigResource {
  if (type !== 'broker') return { type, name }
  if (name === ALL_BROKERS) return { type, name: '' }
  if (!/^\d{1,9}$/.test(name)) {
    throw new UsageError(`A broker is named by its id, or by '${ALL_BROKERS}' for all brokers.`)
  }
  return { type, name }
}

function nameOf({ type, name }: ConfigResource): string {
  return type === 'broker' && name === '' ? 'all brokers' : `${type} ${name}`
}

/** Without `all`, only settings that somebody set. */
export async function describeConfigs(
  type: ConfigKind,
  name: string,
  options: GlobalOptions & { readonly all?: boolean },
): Promise<void> {
  const resource = resourceOf(type, name)
  await withAdmin(options, async admin => {
    if (type === 'topic') await existingTopics(admin, [name])
    if (type === 'broker') await refuseMissingBroker(admin, resource)
    const entries = await admin.describeConfigs(resource)
    const shown = entries.filter(({ source }) => options.all === true || source !== 'default')
    shown.sort((a, b) => (a.name < b.name ? -1 : 1))
    if (options.json) {
      for (const entry of shown) {
        printJson({
          setting: entry.name,
          value: entry.value,
          source: entry.source,
          readOnly: entry.isReadOnly,
          sensitive: entry.isSensitive,
        })
      }
    } else {
      printTable(
        ['SETTING', 'VALUE', 'SOURCE'],
        shown.map(({ name: setting, value, source, isSensitive }) => {
          return [setting, isSensitive ? '(hidden)' : value, source]
        }),
      )
    }
  })
}

export async function setConfigs(
  type: ConfigKind,
  name: string,
  settings: ReadonlyMap<string, string>,
  options: GlobalOptions,
): Promise<void> {
  const changes = [...settings].map(([setting, value]) => ({ name: setting, value }))
  await change(resourceOf(type, name), changes, options)
}

/** Settings go back to their defaults. */
export async function deleteConfigs(
  type: ConfigKind,
  name: string,
  settings: readonly string[],
  options: GlobalOptions,
): Promise<void> {
  const changes = settings.map(setting => ({ name: setting, value: null }))
  await change(resourceOf(type, name), changes, options)
}

async function change(
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  options: GlobalOptions,
): Promise<void> {
  refuseMisspelt(
    resource.type,
    changes.map(({ name }) => name),
  )
  await withAdmin(options, async admin => {
    if (resource.type === 'topic') await existingTopics(admin, [resource.name])
    if (resource.type === 'broker') await refuseMissingBroker(admin, resource)
    await admin.alterConfigs(resource, changes)
    for (const { name, value } of changes) {
      if (options.json) {
        const { type, name: of } = resource
        printJson({ type, name: of, setting: name, value, changed: true })
      } else if (value === null) printLine(`Deleted ${name} of ${nameOf(resource)}.`)
      else printLine(`Set ${name}=${value} for ${nameOf(resource)}.`)
    }
  })
}

async function refuseMissingBroker(admin: Admin, { name }: ConfigResource): Promise<void> {
  const { brokers } = await admin.describeCluster()
  const ids = brokers.map(({ nodeId }) => String(nodeId))
  if (name === '' || ids.includes(name)) return
  throw new CommandFailure(
    `There is no broker ${name}: those that are up have ids ${ids.join(', ')}.`,
  )
}
