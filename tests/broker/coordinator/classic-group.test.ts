import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { replay } from './transcript.ts'

const folder = new URL('../../scenarios/classic-group/', import.meta.url)

describe('the transcripts of tests/scenarios/classic-group come out as written', () => {
  for (const name of readdirSync(folder).filter(file => file.endsWith('.txt'))) {
    test(name.replace('.txt', '').replaceAll('-', ' '), async () => {
      const path = new URL(name, folder)
      const written = readFileSync(path, 'utf8')
      await expect(replay(written)).toMatchFileSnapshot(path.pathname)
    })
  }
})
