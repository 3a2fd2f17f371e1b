import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { derivedPages } from '../scripts/docs.ts'

test.each([...derivedPages()])(
  '%s tells what the sources say (else: npm run docs)',
  (path, text) => {
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text)
  },
)
