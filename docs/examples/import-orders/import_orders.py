#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Imports a file of orders (NDJSON) through POST /imports, in parts. An interrupted import continues where it was.

FILE.position has the number of bytes that are imported; FILE.refused has the results of refused lines, with the number of the line in FILE.
"""
import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

MAX_LINES = 600
MAX_BYTES = 2 * 1024 * 1024
PAUSE = float(os.environ.get('IMPORT_PAUSE', '5'))


def post(body, dry_run):
    """The results of the lines. Waits and repeats while the server cannot store them: lines that are stored are then `unchanged`."""
    url = os.environ['ORDERS_BASE_URL'] + '/api/v1/admin/imports' + ('?dry_run=true' if dry_run else '')
    headers = {'Authorization': 'Bearer ' + os.environ['OPERATOR_TOKEN'], 'Content-Type': 'application/x-ndjson'}
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=300) as response:
                return [json.loads(line) for line in response.read().splitlines()]
        except urllib.error.HTTPError as error:
            problem = error.read().decode(errors='replace')
            if error.code < 500 and error.code not in (408, 429):
                sys.exit(f'{error.code}: {problem}')
            reason = f'{error.code}: {problem}'
        except OSError as error:
            reason = str(error)
        print(f'{reason}; next attempt in {PAUSE:g} s', file=sys.stderr)
        time.sleep(PAUSE)


def parts(file):
    """Lines that fit into one request. A last line without an end is complete, too."""
    lines, size = [], 0
    for line in file:
        if lines and (len(lines) == MAX_LINES or size + len(line) > MAX_BYTES):
            yield lines
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield lines


def read_position(path):
    try:
        with open(path, encoding='ascii') as file:
            return tuple(int(number) for number in file.read().split())
    except FileNotFoundError:
        return 0, 0


def write_position(path, *position):
    with open(path + '.new', 'w', encoding='ascii') as file:
        file.write('{} {}\n'.format(*position))
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + '.new', path)


def main():
    parser = argparse.ArgumentParser(description='Imports orders.')
    parser.add_argument('--dry-run', action='store_true', help='check all lines, store nothing')
    parser.add_argument('file')
    options = parser.parse_args()
    suffix = '.dry-run' if options.dry_run else ''
    position, refused = options.file + '.position', options.file + suffix + '.refused'
    offset, number = (0, 0) if options.dry_run else read_position(position)
    counts = {'created': 0, 'unchanged': 0, 'refused': 0}
    with open(options.file, 'rb') as file, open(refused, 'a' if offset else 'w', encoding='utf-8') as log:
        file.seek(offset)
        for lines in parts(file):
            body = b''.join(lines)
            results = post(body, options.dry_run) if body.strip() else []
            for result in results:
                counts[result['result']] += 1
                if result['result'] == 'refused':
                    result['line'] += number
                    log.write(json.dumps(result) + '\n')
            log.flush()
            offset += len(body)
            number += len(lines)
            if not options.dry_run:
                write_position(position, offset, number)
            print('{:,} lines: {created:,} created, {unchanged:,} unchanged, {refused:,} refused'.format(number, **counts), flush=True)
    if counts['refused']:
        sys.exit(f'{counts["refused"]} lines were refused: {refused}')


if __name__ == '__main__':
    main()
