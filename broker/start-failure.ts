import { DiskError } from '../host/disk-error.ts'
import { ConfigError } from './config/load.ts'

/** A start that cannot be: one sentence with the cure, and how the process ends. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
  /** 1: the start was tried and failed. 2: the start was asked for wrongly. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2) {
    super(message)
    this.exitCode = exitCode
  }
}

/** How whoever starts a broker gives it another address or folder, for the end of a sentence. */
export interface StartCures {
  readonly port: string
  readonly folder: string
}

export const COMMAND_LINE_CURES: StartCures = {
  port: '--override listeners=PLAINTEXT://127.0.0.1:PORT',
  folder: '--override log.dirs=FOLDER',
}

export const IN_PROCESS_CURES: StartCures = {
  port: 'Broker.start({ port }), or none for a free one',
  folder: "Broker.start({ disk: { path } }), or disk: 'temporary'",
}

/** What was tried: where the broker was to listen, and its data folder. */
export interface StartAttempt {
  readonly listeners: string
  readonly folder: string
}

/** The error of a start as a StartFailure; an error without a known cure is returned as it is. */
export function startFailure(error: unknown, attempt: StartAttempt, cures: StartCures): unknown {
  if (error instanceof ConfigError) return new StartFailure(error.message, 2)
  if (error instanceof DiskError) return new StartFailure(diskSentence(error, attempt, cures), 1)
  const { code, message, name } = error as { code?: string; message?: string; name?: string }
  const { listeners, folder } = attempt
  const sentence = addressSentence(code, listeners, cures)
  if (sentence !== null) return new StartFailure(sentence, 1)
  const own = `give this broker a folder of its own with ${cures.folder}`
  if (name === 'ForeignDirectory') return new StartFailure(`${message}: ${own}`, 1)
  if (name === 'UnreadableIdentity') {
    const repair = 'let `ottla storage repair` write it again'
    const cure = `restore that file, ${repair}, or ${own}`
    return new StartFailure(`the data folder ${folder} cannot be used: ${message}: ${cure}`, 1)
  }
  if (name === 'ClusterStartError' || name === 'UnreadableMetadata') {
    return new StartFailure(`${folder}: ${message}`, 1)
  }
  return error
}

function addressSentence(
  code: string | undefined,
  listeners: string,
  cures: StartCures,
): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return `${listeners} is in use: stop what listens there, or choose another with ${cures.port}`
    case 'EACCES':
      return `${listeners} may not be listened on: ports below 1024 need rights`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${listeners} is not an address of this machine`
    default:
      return null
  }
}

function diskSentence(error: DiskError, { folder }: StartAttempt, cures: StartCures): string {
  switch (error.code) {
    case 'LOCKED':
      return (
        `the data folder ${folder} is in use by another broker: stop that one first, or give ` +
        `this one a folder of its own with ${cures.folder}`
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return (
        `${error.path} may not be written to (${error.code}): ` +
        `check who owns the data folder ${folder}`
      )
    case 'CORRUPT': {
      const where = error.cause instanceof Error ? error.cause.message : 'damaged'
      return (
        `${error.path} is ${where}: \`ottla storage repair ${folder}\` shows what it would set ` +
        'aside so that the broker starts, and does it with --apply; or bring the file back from ' +
        'a copy'
      )
    }
    case 'ENOSPC':
      return `the disk of the data folder ${folder} is full`
    default:
      if (error.call !== 'makeFolder') {
        return `the data folder ${folder} cannot be used: ${error.message}`
      }
      return (
        `the data folder ${folder} is not there and cannot be made (${error.code}): ` +
        'is the path right, and no part of it a file?'
      )
  }
}
