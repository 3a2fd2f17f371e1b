import type { GroupCommand } from '../../../broker/coordinator/group/command.ts'
import type { CallId } from '../../../broker/coordinator/machine.ts'

/** A subscription of the consumer protocol, version 0. */
export function subscription(topics: readonly string[]): Buffer {
  const parts = [Buffer.from([0, 0, 0, 0, 0, topics.length])]
  for (const topic of topics) {
    const size = Buffer.alloc(2)
    size.writeInt16BE(topic.length)
    parts.push(size, Buffer.from(topic))
  }
  return Buffer.concat([...parts, Buffer.from([0, 0, 0, 0])])
}

/** The command a transcript line stands for. Unnamed arguments have everyday values. */
export function commandOf(line: string, call: CallId, newMemberId: string): GroupCommand {
  const [verb, label = '', ...words] = line.split(' ')
  const given = new Map(words.map(word => word.split('=') as [string, string]))
  const text = (name: string, fallback: string) => given.get(name) ?? fallback
  const number = (name: string, fallback: number) => Number(given.get(name) ?? fallback)
  const list = (name: string, fallback: string) =>
    text(name, fallback)
      .split(',')
      .filter(item => item !== '')
  const groupId = text('group', 'g')
  const member = {
    groupId,
    memberId: text('member', ''),
    instanceId: given.get('instance') ?? null,
    generation: number('generation', 1),
  }
  switch (verb) {
    case 'join': {
      const version = number('version', 9)
      const metadata = given.has('topics')
        ? subscription(list('topics', ''))
        : Buffer.from(text('metadata', 'x'))
      return {
        ...{ kind: 'join', call, ...member, newMemberId },
        clientId: label.toLowerCase(),
        clientHost: '/127.0.0.1',
        sessionTimeoutMs: number('session', 10_000),
        rebalanceTimeoutMs: number('rebalance', 60_000),
        protocolType: text('type', 'consumer'),
        protocols: list('protocols', 'range').map(name => ({ name, metadata })),
        mustKnowItsId: version >= 4,
        canSkipAssignment: version >= 9,
      }
    }
    case 'sync':
      return {
        ...{ kind: 'sync', call, ...member },
        protocolType: given.get('type') ?? null,
        protocolName: given.get('protocol') ?? null,
        assignments: list('assign', '').map(pair => {
          const [memberId = '', assignment = ''] = pair.split(':')
          return { memberId, assignment: Buffer.from(assignment) }
        }),
      }
    case 'heartbeat':
      return { kind: 'heartbeat', call, ...member }
    case 'leave':
      return {
        ...{ kind: 'leave', call, groupId },
        members: list('members', '').map(pair => {
          const [memberId = '', instanceId] = pair.split('/')
          return { memberId, instanceId: instanceId ?? null }
        }),
      }
    default:
      return offsetCommandOf(verb ?? '', { call, groupId, given, member })
  }
}

interface Given {
  readonly call: CallId
  readonly groupId: string
  readonly given: ReadonlyMap<string, string>
  readonly member: { memberId: string; instanceId: string | null }
}

function offsetCommandOf(verb: string, { call, groupId, given, member }: Given): GroupCommand {
  const topics = (given.get('topics') ?? 'orders:0').split(',').map(pair => {
    const [topic = '', ...partitions] = pair.split(':')
    return { topic, partitions: partitions.map(Number) }
  })
  switch (verb) {
    case 'commit':
      return {
        ...{ kind: 'commit', call, groupId, memberId: member.memberId },
        instanceId: member.instanceId,
        generation: Number(given.get('generation') ?? -1),
        retentionMs: Number(given.get('retention') ?? -1),
        offsets: (given.get('offsets') ?? 'orders:0:5').split(',').map(offset => {
          const [topic = '', partition, value] = offset.split(':')
          return {
            ...{ topic, topicId: null, partition: Number(partition), offset: Number(value) },
            ...{ leaderEpoch: 0, metadata: 'm'.repeat(Number(given.get('metadata') ?? 0)) },
          }
        }),
      }
    case 'fetch':
      return {
        ...{ kind: 'fetch-offsets', call, groupId, memberId: null, memberEpoch: -1 },
        mustBeStable: given.has('stable'),
        topics: given.get('topics') === 'all' ? null : topics,
      }
    case 'describe':
      return { kind: 'describe', call, groupId }
    case 'list':
      return { kind: 'list', call }
    case 'delete':
      return { kind: 'delete-group', call, groupId }
    case 'forget':
      return { kind: 'delete-offsets', call, groupId, topics }
    case 'drop':
      return { kind: 'drop-topics', topics: new Set(topics.map(({ topic }) => topic)) }
    default:
      throw new Error(`a transcript knows no ${verb}`)
  }
}
