/** A client for the length of one command. */
import type { Admin } from '../admin.ts'
import { Client } from '../index.ts'

/** What every command is told: see `program.ts`. */
export interface GlobalOptions {
  readonly bootstrapServer: readonly string[]
  readonly json?: boolean
  /** Milliseconds. */
  readonly timeout?: number
}

const TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 5_000
/** No second attempt: a person who waits is told at once that nobody answers. */
const ONE_ATTEMPT_MS = 1

/** How long a command may take to get an answer, in milliseconds. */
export function timeoutMsOf({ timeout }: GlobalOptions): number {
  return timeout ?? TIMEOUT_MS
}

/**
 * Connects, runs `work`, and closes the client whatever comes of it. Throws at once where no broker
 * answers, and later what `work` throws.
 */
export async function withClient<T>(
  options: GlobalOptions,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const timeoutMs = timeoutMsOf(options)
  const client = new Client({
    bootstrapServers: options.bootstrapServer,
    clientId: 'ottla-cli',
    connectTimeoutMs: Math.min(timeoutMs, CONNECT_TIMEOUT_MS),
    requestTimeoutMs: timeoutMs,
  })
  try {
    await client.admin({ timeoutMs: ONE_ATTEMPT_MS }).describeCluster()
    return await work(client)
  } finally {
    await client.close()
  }
}

/** The same with an admin of that client. */
export function withAdmin<T>(
  options: GlobalOptions,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  return withClient(options, client => work(client.admin({ timeoutMs: timeoutMsOf(options) })))
}
