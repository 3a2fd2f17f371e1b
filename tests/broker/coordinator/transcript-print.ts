import type { GroupRecord } from '../../../broker/coordinator/group/record.ts'
import type { GroupReply } from '../../../broker/coordinator/group/reply.ts'
import { ErrorCode, errorInfo } from '../../../protocol/errors.ts'

function code(errorCode: ErrorCode): string {
  return errorCode === ErrorCode.NONE ? 'ok' : errorInfo(errorCode).name
}

function list(items: readonly string[]): string {
  return `[${items.join(' ')}]`
}

/** One line a reply. */
export function printReply(reply: GroupReply): string {
  switch (reply.kind) {
    case 'join': {
      if (reply.errorCode !== ErrorCode.NONE) {
        return `join ${code(reply.errorCode)} me=${reply.memberId}`
      }
      const parts = [`join ok generation=${reply.generation} protocol=${reply.protocol}`]
      parts.push(`me=${reply.memberId} leader=${reply.leader}`)
      if (reply.skipsAssignment) parts.push('skips-assignment')
      if (reply.members.length > 0) {
        const rows = reply.members.map(({ memberId, instanceId, metadata }) => {
          const instance = instanceId === null ? '' : `(${instanceId})`
          return `${memberId}${instance}:${printable(metadata)}`
        })
        parts.push(`members=${list(rows)}`)
      }
      return parts.join(' ')
    }
    case 'sync':
      return `sync ${code(reply.errorCode)} ${JSON.stringify(printable(reply.assignment))}`
    case 'heartbeat':
      return `heartbeat ${code(reply.errorCode)}`
    case 'leave':
      return `leave ${list(reply.members.map(m => `${m.memberId}:${code(m.errorCode)}`))}`
    case 'commit':
      return `commit ${code(reply.errorCode)} ${list(reply.errorCodes.map(code))}`
    default:
      return printAnswer(reply)
  }
}

type Answer = Exclude<GroupReply, { kind: 'join' | 'sync' | 'heartbeat' | 'leave' | 'commit' }>

function printAnswer(reply: Answer): string {
  switch (reply.kind) {
    case 'fetch-offsets':
      return `fetch ${code(reply.errorCode)} ${list(
        reply.topics.flatMap(({ topic, partitions }) =>
          partitions.map(p => `${topic}-${p.partition}:${p.offset}:${code(p.errorCode)}`),
        ),
      )}`
    case 'describe': {
      const members = reply.members.map(
        m => `${m.memberId}:${printable(m.metadata)}:${printable(m.assignment)}`,
      )
      const type = JSON.stringify(reply.protocolType)
      const told = `${code(reply.errorCode)} ${reply.state} type=${type} protocol=${reply.protocol}`
      return `describe ${told} members=${list(members)}`
    }
    case 'list':
      return `list ${list(reply.groups.map(g => `${g.groupId}:${g.type}:${g.state}`))}`
    case 'delete-group':
      return `delete ${code(reply.errorCode)}`
    case 'delete-offsets':
      return `forget ${code(reply.errorCode)} ${list(
        reply.topics.flatMap(({ topic, partitions }) =>
          partitions.map(p => `${topic}-${p.partition}:${code(p.errorCode)}`),
        ),
      )}`
  }
}

/** One line a record. */
export function printRecord(record: GroupRecord): string {
  switch (record.kind) {
    case 'group': {
      const { value, groupId } = record
      if (value === null) return `log: group ${groupId} deleted`
      const members = value.members.map(m => `${m.memberId}:${printable(m.assignment)}`)
      const protocol = `protocol=${value.protocol} leader=${value.leader}`
      return `log: group ${groupId} generation=${value.generation} ${protocol} ${list(members)}`
    }
    case 'offset': {
      const { groupId, topic, partition, value } = record
      return `log: offset ${groupId} ${topic}-${partition} ${value?.offset ?? 'deleted'}`
    }
    default:
      return `log: ${record.kind}`
  }
}

/** Bytes of the consumer protocol are not shown but for the topics in them. */
function printable(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/[^\x20-\x7e]+/g, '~')
}
