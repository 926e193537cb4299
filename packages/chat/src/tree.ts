/** What the tree needs to know of a message. `created_at` sorts as text (ISO 8601, UTC); ids break ties. */
export type TreeNode = {
  readonly message_id: string;
  readonly parent_message_id: string | null;
  readonly created_at: string;
};

/** The messages of one session as a tree. Regenerating and editing add siblings; nothing is ever overwritten. */
export class MessageTree<Node extends TreeNode> {
  readonly #nodes = new Map<string, Node>();
  readonly #children = new Map<string | null, Node[]>();

  constructor(nodes: Iterable<Node>) {
    for (const node of nodes) this.#nodes.set(node.message_id, node);
    for (const node of this.#nodes.values()) {
      const parent = this.#parentKey(node);
      const siblings = this.#children.get(parent);
      if (siblings === undefined) this.#children.set(parent, [node]);
      else siblings.push(node);
    }
    for (const siblings of this.#children.values()) siblings.sort(byCreation);
  }

  find(messageId: string): Node | null {
    return this.#nodes.get(messageId) ?? null;
  }

  /** Children in order of creation; of null: the roots. */
  childrenOf(messageId: string | null): readonly Node[] {
    return this.#children.get(messageId) ?? [];
  }

  /** A message and its alternatives, in order of creation. Empty for an unknown id. */
  siblingsOf(messageId: string): readonly Node[] {
    const node = this.#nodes.get(messageId);
    return node === undefined ? [] : this.childrenOf(this.#parentKey(node));
  }

  /** From the root to the message, both included. Empty for an unknown id; ends at a node met twice. */
  pathTo(messageId: string): readonly Node[] {
    const path: Node[] = [];
    const seen = new Set<string>();
    let node = this.#nodes.get(messageId);
    while (node !== undefined && !seen.has(node.message_id)) {
      seen.add(node.message_id);
      path.push(node);
      node = node.parent_message_id === null ? undefined : this.#nodes.get(node.parent_message_id);
    }
    return path.reverse();
  }

  /** The newest message without children, null in an empty tree. */
  newestLeaf(): Node | null {
    let newest: Node | null = null;
    for (const node of this.#nodes.values()) {
      if (this.#children.has(node.message_id)) continue;
      if (newest === null || byCreation(newest, node) < 0) newest = node;
    }
    return newest;
  }

  /** The leaf reached from a message by always taking the newest child. */
  newestLeafUnder(messageId: string): Node | null {
    let node = this.#nodes.get(messageId) ?? null;
    const seen = new Set<string>();
    while (node !== null && !seen.has(node.message_id)) {
      seen.add(node.message_id);
      const next: Node | undefined = this.childrenOf(node.message_id).at(-1);
      if (next === undefined) return node;
      node = next;
    }
    return node;
  }

  /** A parent that is not here (a page not loaded) makes its child a root. */
  #parentKey(node: Node): string | null {
    const parent = node.parent_message_id;
    return parent !== null && this.#nodes.has(parent) ? parent : null;
  }
}

function byCreation(a: TreeNode, b: TreeNode): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return a.message_id < b.message_id ? -1 : a.message_id > b.message_id ? 1 : 0;
}
