/**
 * The signals that ask this process to stop: SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal went
 * away).
 *
 * They are watched from the first moment, because a process that is number 1 of a container has no
 * default for a signal: one that arrives before a handler is there would be lost. Until somebody
 * takes them over, a signal ends the process at once.
 */
import { constants } from 'node:os'

/** By the names of Node. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

const STOP_SIGNALS: readonly StopSignal[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

let isWatching = false
let handle: (signal: StopSignal) => void = exitAtOnce

/** Watches the signals from now on. Idempotent. */
export function watchStopSignals(): void {
  if (isWatching) return
  isWatching = true
  for (const signal of STOP_SIGNALS) process.on(signal, () => handle(signal))
}

/** Calls `handler` for the first signal from now on; those that come after it are ignored. */
export function onStopSignal(handler: (signal: StopSignal) => void): void {
  watchStopSignals()
  handle = signal => {
    handle = () => {}
    handler(signal)
  }
}

/** The exit code is the one a shell gives a process that a signal ended. */
function exitAtOnce(signal: StopSignal): void {
  process.exit(128 + constants.signals[signal])
}
