/** Resolves in a later turn of the real event loop: every microtask queued before has run. */
export type Hop = () => Promise<void>

/**
 * The only thing the simulated host takes from the real world: an empty turn, so that promises
 * settle between two simulated events. It measures no time and decides no order.
 */
export const realHop: Hop = () => new Promise(resolve => setImmediate(resolve))
