export type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** A cycle as the nodes along it, first and last the same; null when there is none. */
export function findCycle(graph: Graph): string[] | null {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (node: string): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return null
    path.push(node)
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next)
      if (cycle !== null) return cycle
    }
    path.pop()
    done.add(node)
    return null
  }
  for (const node of graph.keys()) {
    const cycle = visit(node)
    if (cycle !== null) return cycle
  }
  return null
}

export function reachableFrom(start: string, graph: Graph): ReadonlySet<string> {
  const reached = new Set([start])
  for (const node of reached) for (const next of graph.get(node) ?? []) reached.add(next)
  return reached
}
