export const title = 'Findings'
export async function load() {}
export function render() {
  return []
}
