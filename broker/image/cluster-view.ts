import type { Loop } from '../../host/host.ts'
import type { MetadataStore, StoreChange, Watch } from '../metadata/store.ts'
import { applyEvents, type ClusterState, emptyState, type ImageDelta } from './delta.ts'
import type { ClusterImage } from './image.ts'

/** Makes what the image says so, on this broker. Runs before the image can be seen. */
export interface Publisher {
  publish(previous: ClusterImage, next: ClusterImage, delta: ImageDelta): Promise<void> | void
}

/**
 * ClusterView: this broker's image of the cluster, kept up to date from the store.
 *
 * Invariants:
 *   (1) `image()` shows a revision only after it was published: a topic that can be seen has its
 *       partitions open here, so that a client told of a leader can produce to it.
 *   (2) Changes are folded in order, all that are there at once: a thousand topics created together
 *       cost one copy of the maps.
 */
export class ClusterView {
  readonly #store: MetadataStore
  readonly #loop: Loop
  #state: ClusterState = emptyState()
  #published: ClusterImage = this.#state.image
  #publisher: Publisher | null = null
  #changes: StoreChange[] = []
  #publishing: Promise<void> | null = null
  #watch: Watch | null = null
  #waits: { revision: number; reached: () => void }[] = []
  readonly #listeners = new Set<(image: ClusterImage) => void>()

  constructor(store: MetadataStore, loop: Loop) {
    this.#store = store
    this.#loop = loop
  }

  /** The image as published; until `start` as loaded. */
  image(): ClusterImage {
    return this.#published
  }

  /** Topics whose creation is not finished, and partitions nobody can see: leftovers of a crash. */
  get state(): ClusterState {
    return this.#state
  }

  /** Reads the store. Throws UnreadableMetadata. */
  async load(): Promise<ClusterImage> {
    const { entries, revision } = await this.#store.load()
    const events = entries.map(entry => ({ kind: 'put', entry }) as const)
    this.#state = applyEvents(emptyState(), events, revision).state
    this.#published = this.#state.image
    return this.#published
  }

  /** Publishes everything loaded, then follows the store. */
  async start(publisher: Publisher): Promise<void> {
    const { image } = this.#state
    await publisher.publish(image, image, {
      changedTopics: new Set(image.topicsById.keys()),
      removedTopics: new Set(),
      changesBrokerConfigs: true,
    })
    this.#publisher = publisher
    this.#watch = this.#store.watch(image.revision, {
      onChange: change => this.#received(change),
      onReset: () => {
        throw new Error('the metadata store lost events')
      },
    })
  }

  /** Resolves once everything up to `revision` is published. */
  untilRevision(revision: number): Promise<void> {
    if (this.#published.revision >= revision) return Promise.resolve()
    return new Promise(reached => this.#waits.push({ revision, reached }))
  }

  /** Called after each publication, with the image it made visible. Returns the way to stop it. */
  onImage(listener: (image: ClusterImage) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#watch?.close()
    this.#watch = null
    while (this.#publishing !== null) await this.#publishing
  }

  #received(change: StoreChange): void {
    this.#changes.push(change)
    if (this.#publishing !== null) return
    this.#publishing = this.#publishAll()
    this.#loop.spawn('publish the cluster image', this.#publishing)
  }

  async #publishAll(): Promise<void> {
    // The store tells a whole round of changes in one go.
    await null
    while (this.#changes.length > 0) {
      const changes = this.#changes
      this.#changes = []
      const { revision } = changes.at(-1) as StoreChange
      const events = changes.flatMap(change => change.events)
      const step = applyEvents(this.#state, events, revision)
      const previous = this.#published
      await this.#publisher?.publish(previous, step.state.image, step.delta)
      this.#state = step.state
      this.#published = step.state.image
      for (const listener of this.#listeners) listener(this.#published)
      this.#release()
    }
    this.#publishing = null
  }

  #release(): void {
    const { revision } = this.#published
    const reached = this.#waits.filter(wait => wait.revision <= revision)
    this.#waits = this.#waits.filter(wait => wait.revision > revision)
    for (const wait of reached) wait.reached()
  }
}
