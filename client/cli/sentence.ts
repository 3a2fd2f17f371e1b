/** What is said when a command fails: one sentence, with the cure. */
import { DiskError } from '../../host/disk-error.ts'
import { CommandFailure, Interrupted, UsageError } from './failure.ts'

const DISK_CURES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'it is not there; check the path'],
  ['EACCES', 'this user may not; run as its owner or change its mode'],
  ['EPERM', 'this user may not; run as its owner or change its mode'],
  ['ENOSPC', 'the disk is full; make room'],
  ['EROFS', 'the file system is read-only; choose another folder'],
  ['ENOTDIR', 'a part of the path is a file; check the path'],
  ['EISDIR', 'it is a folder; name a file'],
  ['LOCKED', 'another broker uses this folder; stop it or choose another with log.dirs'],
])

const WAY_IN = 'start a broker with `ottla start`, or name another with --bootstrap-server'

/** The sentence for whatever a command threw. */
export function sentenceOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof CommandFailure) return error.message
  if (error instanceof Interrupted) return error.message
  if (error instanceof DiskError) return diskSentence(error.call, error.path, error.code)
  if (!(error instanceof Error)) return unexpected(String(error), undefined)
  if (isKnown(error)) return withWayIn(error)
  if ('code' in error && 'syscall' in error && 'path' in error) {
    return diskSentence(String(error.syscall), String(error.path), String(error.code))
  }
  return unexpected(error.message, error.stack)
}

/** Errors of the client and of the configuration: their messages are sentences for people. */
function isKnown(error: Error): boolean {
  return 'isRetriable' in error || error.name === 'ConfigError'
}

/** Where no broker answers, the cure is an option of ours. */
function withWayIn(error: Error): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name !== 'ConnectionError') continue
    const reason = cause.message.replace(/;.*$/s, '')
    return `${reason}; ${WAY_IN}.`
  }
  return error.message
}

function diskSentence(call: string, path: string, code: string): string {
  return `Could not ${call} ${path} (${code}): ${DISK_CURES.get(code) ?? "see the system's log"}.`
}

function unexpected(message: string, stack: string | undefined): string {
  if (process.env['OTTLA_DEBUG'] !== undefined && stack !== undefined) return stack
  return `Something went wrong that should not: ${message}; OTTLA_DEBUG=1 shows where.`
}
