import { brokerProperty } from './config/schema.ts'
import type { Note } from './coordinator/machine.ts'
import type { ClusterImage, ConfigOverrides, TopicImage } from './image/image.ts'

/**
 * What changed between two images, for the log: topics that were created, deleted or given more
 * partitions, and configs with the value before and after. Secrets are not told. Costs nothing
 * where topics and configs are the same maps.
 */
export function changesOf(before: ClusterImage, after: ClusterImage): Note[] {
  if (before === after) return []
  return [
    ...(before.topicsById === after.topicsById ? [] : topicNotes(before, after)),
    ...configNotes('broker', before.brokerConfigs, after.brokerConfigs),
    ...configNotes('group', before.groupConfigs, after.groupConfigs),
    ...configNotes('client metrics', before.clientMetricsConfigs, after.clientMetricsConfigs),
  ]
}

function topicNotes(before: ClusterImage, after: ClusterImage): Note[] {
  const notes: Note[] = []
  for (const [topicId, { name: topic }] of before.topicsById) {
    if (after.topicsById.has(topicId)) continue
    notes.push({ message: `topic ${topic} is deleted`, fields: { topic, topicId } })
  }
  for (const [id, topic] of after.topicsById) {
    const old = before.topicsById.get(id)
    if (old === topic) continue
    if (old === undefined) notes.push(creation(topic))
    else notes.push(...growth(old, topic), ...differences('topic', topic.name, old.configs, topic))
  }
  return notes
}

function creation({ name: topic, id: topicId, partitions, configs }: TopicImage): Note {
  const count = partitions.length
  const set = [...configs].map(([name, value]) => `${name}=${shown(name, value)}`)
  const told = set.length === 0 ? '' : ` and ${set.join(', ')}`
  const size = `${count} partition${count === 1 ? '' : 's'}`
  const message = `topic ${topic} is created with ${size}${told}`
  return { message, fields: { topic, topicId, partitions: count } }
}

function growth(old: TopicImage, { name: topic, id: topicId, partitions }: TopicImage): Note[] {
  const [from, to] = [old.partitions.length, partitions.length]
  if (from === to) return []
  const message = `topic ${topic} has ${to} partitions, it had ${from}`
  return [{ message, fields: { topic, topicId, from, to } }]
}

type Configs = ReadonlyMap<string, ConfigOverrides>

const NONE: ConfigOverrides = new Map()

function configNotes(kind: string, before: Configs, after: Configs): Note[] {
  if (before === after) return []
  return [...new Set([...before.keys(), ...after.keys()])].flatMap(name =>
    differences(kind, name, before.get(name) ?? NONE, { configs: after.get(name) ?? NONE }),
  )
}

function differences(
  kind: string,
  resource: string,
  before: ConfigOverrides,
  { configs: after }: { readonly configs: ConfigOverrides },
): Note[] {
  if (before === after) return []
  const whose = kind === 'broker' && resource === '' ? 'all brokers' : `${kind} ${resource}`
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].flatMap(config => {
    const [old, now] = [before.get(config), after.get(config)]
    if (old === now) return []
    const [from, to] = [shown(config, old), shown(config, now)]
    const message = `${config} of ${whose} is changed from ${from} to ${to}`
    return [{ message, fields: { resource: whose, config, from, to } }]
  })
}

/** The value as it may stand in a log. */
function shown(name: string, value: string | undefined): string {
  if (value === undefined) return 'unset'
  return brokerProperty(name)?.kind === 'password' ? '(hidden)' : value
}
