interface Entry {
  readonly at: number;
  /** Keeps the order in which tasks of the same moment were planned. */
  readonly order: number;
  readonly run: () => void;
}

/** What is to happen when: a binary heap of tasks, the earliest first. */
export class Agenda {
  #heap: Entry[] = [];
  #planned = 0;

  /** Plans a task; `at` in milliseconds. */
  plan(at: number, run: () => void): void {
    const heap = this.#heap;
    let index = heap.push({ at, order: this.#planned++, run }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) break;
      swap(heap, index, parent);
      index = parent;
    }
  }

  /** Takes out the earliest task; undefined when nothing is left. */
  take(): { readonly at: number; readonly run: () => void } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let index = 0;;) {
      let least = index;
      if (isBefore(heap[2 * index + 1], heap[least])) least = 2 * index + 1;
      if (isBefore(heap[2 * index + 2], heap[least])) least = 2 * index + 2;
      if (least === index) return first;
      swap(heap, index, least);
      index = least;
    }
  }
}

function isBefore(one?: Entry, other?: Entry): boolean {
  if (one === undefined || other === undefined) return false;
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

function swap(heap: Entry[], one: number, other: number): void {
  const entry = heap[one] as Entry;
  heap[one] = heap[other] as Entry;
  heap[other] = entry;
}
