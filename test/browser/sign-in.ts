import type { Page } from './chromium.ts'
import type { ConsoleWorld } from './world.ts'

export async function signIn(page: Page, { origin, key }: ConsoleWorld): Promise<void> {
  await page.goto(`${origin}/console`)
  await page.until(`document.activeElement.id === 'key'`)
  await page.type(key)
  await page.press('Enter')
  await page.sees('Deposits', 'h1')
}
