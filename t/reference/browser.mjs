// SPDX-License-Identifier: Apache-2.0
//
// Opens the API reference in Chromium: node browser.mjs BASE OPENAPI-DIR SCREENSHOT-DIR, where BASE is the address of the
// directory, with its slash. Writes TAP. NODE_PATH or the working directory has playwright-core.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';

const { chromium } = createRequire(`${process.cwd()}/`)('playwright-core');
const [base, documents, pictures] = process.argv.slice(2);

let tests = 0;
function ok(passed, name, ...found) {
    tests += 1;
    console.log(`${passed ? '' : 'not '}ok ${tests} - ${name}`);
    if (!passed) {
        process.exitCode = 1;
        for (const line of found.flat()) console.log(`# ${line}`);
    }
}

// Errors that the browser reports: console errors, which include violations of the Content-Security-Policy, exceptions, failed
// requests and requests to another server.
function watch(page) {
    const faults = [];
    page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`); });
    page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
    page.on('requestfailed', (request) => faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
    page.on('response', (response) => { if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`); });
    page.on('request', (request) => {
        if (!request.url().startsWith(base) && !request.url().startsWith('data:')) faults.push(`outside: ${request.url()}`);
    });
    return faults;
}

// Opens the operations in sequence. The page handles each click itself: Playwright's own would wait for animations.
async function open_every_operation(page, api, ids) {
    const unopened = [];
    const toggle = (block) => block.locator('.opblock-summary-control').evaluate((control) => control.click());
    for (const id of ids) {
        const block = page.locator(`.opblock[id$="-${id}"]`);
        if (await block.count() !== 1) continue;
        await toggle(block);
        await block.locator('.responses-table .response').first().waitFor({ timeout: 20000 }).catch(() => unopened.push(id));
        if (id === ids[0]) await page.screenshot({ path: `${pictures}/${api}-operation.png` });
        await toggle(block);
    }
    return unopened;
}

async function visit(browser, api) {
    const ids = [...readFileSync(`${documents}/${api}.yaml`, 'utf8').matchAll(/^ {6}operationId: (\w+)$/gm)].map((match) => match[1]);
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    const faults = watch(page);
    const reply = await page.goto(`${base}?api=${api}`);
    await page.waitForSelector('.opblock', { timeout: 20000 }).catch(() => {});
    const shown = await page.$$eval('.opblock', (blocks) => blocks.map((block) => block.id.replace(/.*-/, '')));
    const missing = ids.filter((id) => !shown.includes(id));
    ok(ids.length > 0 && missing.length === 0 && shown.length === ids.length, `${api}: the page shows its ${ids.length} operations`, missing);
    ok(await page.$eval('nav a[aria-current]', (link) => link.search) === `?api=${api}`, `${api}: its link is the current one`);
    await page.screenshot({ path: `${pictures}/${api}.png` });
    const unopened = await open_every_operation(page, api, ids);
    ok(unopened.length === 0, `${api}: every operation opens`, unopened);
    ok(await page.locator('.errors-wrapper').count() === 0, `${api}: Swagger UI finds no error in the document`);
    ok(await page.locator('.try-out, .authorize').count() === 0, `${api}: the page sends no requests and takes no credentials`);
    ok(faults.length === 0, `${api}: no console message, no failed request, no other server`, faults);
    const policy = reply.headers()['content-security-policy'] || '';
    ok(/default-src 'none'/.test(policy) && !/unsafe/.test(policy), `${api}: a strict Content-Security-Policy`, policy);
    await page.close();
}

async function links(browser, apis) {
    const page = await browser.newPage();
    await page.goto(base);
    const named = await page.$$eval('nav a', (all) => all.map((link) => new URL(link.href).searchParams.get('api')));
    ok(named.slice().sort().join(' ') === apis.join(' '), 'the links name every API', named.join(' '));
    await page.close();
}

const apis = readdirSync(documents).filter((name) => name.endsWith('.yaml')).map((name) => name.replace(/\.yaml$/, '')).sort();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', chromiumSandbox: process.getuid() !== 0 });
try {
    await links(browser, apis);
    for (const api of apis) await visit(browser, api);
} finally {
    await browser.close();
}
console.log(`1..${tests}`);
