/**
 * Runs a transcript: commands to one shard of groups, each followed by what it answered, wrote, and
 * left behind. A block is the command's lines, a line `----`, and the output up to a blank line.
 *
 *   join A session=10000        A is the caller; names the member id it gets, too
 *   wait 3000                   virtual time passes, alarms go off
 *   alarms                      what is set, and in how many milliseconds it goes off
 *   crash                       only what was written is left
 *   full | free                 the disk takes no records | takes them again
 */

import type { GroupCommand } from '../../../broker/coordinator/group/command.ts'
import { type GroupMachine, groupMachine } from '../../../broker/coordinator/group/machine.ts'
import type { GroupLimits } from '../../../broker/coordinator/group/plan.ts'
import type { GroupRecord } from '../../../broker/coordinator/group/record.ts'
import type { Alarm } from '../../../broker/coordinator/machine.ts'
import { commandOf } from './transcript-command.ts'
import { printRecord, printReply } from './transcript-print.ts'

export const LIMITS: GroupLimits = {
  sessionTimeoutMsMin: 6000,
  sessionTimeoutMsMax: 1_800_000,
  membersMax: Number.POSITIVE_INFINITY,
  initialDelayMs: 0,
  newMemberTimeoutMs: 300_000,
  metadataSizeMax: 4096,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
  expiryIntervalMs: 600_000,
  sweepRecordsMax: 1000,
}

interface SetAlarm {
  readonly key: string
  readonly dueMs: number
  readonly command: GroupCommand
}

const START_MS = 1_000_000

/** Replays `text` and gives it back with the outputs that really came. */
export function replay(text: string): string {
  const transcript = new Transcript()
  return text
    .trimEnd()
    .split(/\n\n+/)
    .map(block => {
      const lines = block.split('\n')
      const end = lines.indexOf('----')
      const given = end === -1 ? lines : lines.slice(0, end)
      const commands = given.filter(line => !line.startsWith('#'))
      if (commands.length === 0) return given.join('\n')
      return [...given, '----', ...commands.flatMap(line => transcript.run(line))].join('\n')
    })
    .join('\n\n')
    .concat('\n')
}

class Transcript {
  #limits: GroupLimits = LIMITS
  readonly #machine: GroupMachine = groupMachine(() => this.#limits)
  #state = this.#machine.empty()
  #nowMs = START_MS
  #records: GroupRecord[] = []
  #alarms: SetAlarm[] = []
  #isFull = false
  #calls: string[] = []
  readonly #idsGiven = new Map<string, number>()

  run(line: string): string[] {
    const [verb = '', ...words] = line.split(' ')
    switch (verb) {
      case 'limits':
        this.#limits = { ...this.#limits, ...numbersOf(words) }
        return []
      case 'wait':
        return this.#wait(Number(words[0]))
      case 'alarms':
        return this.#alarms.map(({ key, dueMs }) => `${key} in ${dueMs - this.#nowMs} ms`)
      case 'crash':
        return this.#crash()
      case 'full':
      case 'free':
        this.#isFull = verb === 'full'
        return []
      default:
        return [...this.#call(line), ...this.#stateLines()]
    }
  }

  #call(line: string): string[] {
    const label = line.split(' ')[1] ?? ''
    const call = this.#calls.push(label) - 1
    const count = (this.#idsGiven.get(label) ?? 0) + 1
    const newMemberId = `${label.toLowerCase()}-${count}`
    const output = this.#decide(commandOf(line, call, newMemberId), label)
    const isGiven = this.#machine.describe(this.#state).includes(newMemberId)
    if (isGiven) this.#idsGiven.set(label, count)
    return output
  }

  #decide(command: GroupCommand, label: string): string[] {
    const before = this.#machine.describe(this.#state)
    const decision = this.#machine.decide(this.#state, command, this.#nowMs)
    const again = this.#machine.decide(this.#state, command, this.#nowMs)
    if (JSON.stringify(again) !== JSON.stringify(decision)) throw new Error('decide is not pure')
    if (before !== this.#machine.describe(this.#state)) throw new Error('decide changed the state')
    if (decision.records.length > 0 && this.#isFull) {
      if (label === '') this.#set({ key: 'retry', delayMs: 500, command })
      return [`disk full${label === '' ? '' : `, ${label} is refused`}`]
    }
    const output: string[] = []
    for (const record of decision.records) {
      this.#machine.apply(this.#state, record)
      this.#records.push(record)
      output.push(printRecord(record))
    }
    for (const change of decision.soft) this.#machine.apply(this.#state, change)
    for (const alarm of decision.alarms) this.#set(alarm)
    for (const { call, reply } of decision.replies) {
      output.push(`${this.#calls[call]} <- ${printReply(reply)}`)
    }
    return output
  }

  #set({ key, delayMs, command }: Alarm<GroupCommand>): void {
    this.#alarms = this.#alarms.filter(alarm => alarm.key !== key)
    if (delayMs === null || command === null) return
    this.#alarms.push({ key, dueMs: this.#nowMs + delayMs, command })
  }

  #wait(ms: number): string[] {
    const untilMs = this.#nowMs + ms
    const output: string[] = []
    for (;;) {
      const due = this.#alarms.toSorted((a, b) => a.dueMs - b.dueMs)[0]
      if (due === undefined || due.dueMs > untilMs) break
      this.#nowMs = due.dueMs
      this.#alarms = this.#alarms.filter(alarm => alarm !== due)
      if (due.command.kind !== 'expire-offsets') {
        output.push(`after ${ms - (untilMs - this.#nowMs)} ms: ${due.key}`)
      }
      output.push(...this.#decide(due.command, ''))
    }
    this.#nowMs = untilMs
    return [...output, ...this.#stateLines()]
  }

  #crash(): string[] {
    this.#state = this.#machine.empty()
    for (const record of this.#records) this.#machine.apply(this.#state, record)
    this.#alarms = []
    this.#decide(this.#machine.loaded(), '')
    return this.#stateLines()
  }

  #stateLines(): string[] {
    const text = this.#machine.describe(this.#state)
    return text === '' ? [] : text.split('\n').map(line => `= ${line}`)
  }
}

function numbersOf(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    words.map(word => {
      const [name = '', value] = word.split('=')
      return [name, Number(value)]
    }),
  )
}
