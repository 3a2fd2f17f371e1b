/** Every declaration of protocol/messages, found by loading the folder: none can be forgotten. */
import { readdirSync } from 'node:fs'
import { Message } from '../../protocol/schema.ts'

const FOLDER = new URL('../../protocol/messages/', import.meta.url)

export async function loadDeclarations(): Promise<ReadonlyMap<string, Message>> {
  const found = new Map<string, Message>()
  for (const file of readdirSync(FOLDER).sort()) {
    const module: Record<string, unknown> = await import(new URL(file, FOLDER).href)
    for (const value of Object.values(module)) {
      if (value instanceof Message) found.set(value.name, value)
    }
  }
  return found
}
