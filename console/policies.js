export const title = 'Policies'
export async function load() {}
export function render() {
  return []
}
