/**
 * The contract of a coordinator: a replicated state machine over one log partition.
 *
 * A machine is pure: no I/O, no clock, no randomness of its own. The runtime (shard.ts) gives it
 * commands one at a time, appends the records it decides on, applies them once they are written,
 * and holds every reply until the records it could have seen are committed.
 */
import type { TimerKind } from '../../host/host.ts'

/** A request waiting for its answer. Issued by the runtime, never reused while it runs. */
export type CallId = number

/** What a machine wants done. Data, so a test can print it and a simulator can drop it. */
export interface Decision<Rec, Soft, Reply, Command> {
  /** Appended to the log, then applied in order. They survive the broker. */
  readonly records: readonly Rec[]
  /**
   * Applied after the records, never written: who is parked, who was heard from. Lost with
   * leadership, by design.
   */
  readonly soft: readonly Soft[]
  /** One decision may release many parked calls: a finished rebalance answers every joiner. */
  readonly replies: readonly { readonly call: CallId; readonly reply: Reply }[]
  /** Set or cleared by key; an alarm that fires comes back as a command. */
  readonly alarms: readonly Alarm<Command>[]
  /** Lines for the log, written once the decision holds. Absent where there is nothing to say. */
  readonly notes?: readonly Note[]
}

/** A line of the log, at level info: what was decided, for whoever runs the broker. */
export interface Note {
  /** A sentence that can be read without the fields. */
  readonly message: string
  readonly fields: Readonly<Record<string, string | number | null>>
}

/** A timer by name. Setting a key again replaces what was set before. */
export interface Alarm<Command> {
  readonly key: string
  /** Milliseconds from now until `command` is given to the machine; null clears the key. */
  readonly delayMs: number | null
  readonly command: Command | null
  /** See `Clock.schedule`; without one, an event. */
  readonly timer?: TimerKind
}

/**
 * If the append of a decision's records fails, nothing of the decision happens: the state is as
 * it was, the calling command is answered with the error, and a command that came from an alarm
 * comes again a little later.
 */
export interface Machine<State, Command, Rec, Soft, Reply> {
  empty(): State
  /** Changes nothing. The same state, command and time always give the same decision. */
  decide(state: State, command: Command, nowMs: number): Decision<Rec, Soft, Reply, Command>
  /** The only way state changes, and how it is rebuilt from the log. Total over what is stored. */
  apply(state: State, change: Rec | Soft): void
  /** The command given first after the log was read: it arms the alarms. */
  loaded(): Command
  /** The fewest records that rebuild what the applied ones built: a snapshot. */
  recordsOf(state: State): Iterable<Rec>
  /** One line for transcripts and logs. */
  describe(state: State): string
}
