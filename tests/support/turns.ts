/** One turn of the real event loop: sockets are read and microtasks run before it resolves. */
export function realTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** Lets the real loop turn until the condition holds. Throws after `turnsMax` turns without it. */
export async function untilTrue(
  condition: () => boolean,
  what = 'the condition',
  turnsMax = 5_000_000,
): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn >= turnsMax) throw new Error(`${what} never came true`)
    await realTurn()
  }
}
