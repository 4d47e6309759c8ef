#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A session from its creation to its end, to be seen: Python draws a figure and writes a file,
# Bash reads the file. Fails when an answer is not what it should be.
# usage: KEY=... hello.sh URL DIRECTORY    the figure goes to the directory
set -eu

url=$1 directory=$2

# ask METHOD PATH [BODY]: shows the answer without its long texts, and leaves it in $answer
ask()
{
	answer=$(curl -sS --max-time 180 -X "$1" "$url$2" -H "Authorization: Bearer $KEY" \
		-H 'Content-Type: application/json' --data-binary "${3-}")
	printf '%s\n' "$answer" | sed -E 's/("content":"[^"]{20})[^"]*/\1.../g'
}

# execute LANGUAGE: the code from stdin
execute()
{
	code=$(cat)
	printf '\n--- POST /execute, %s\n%s\n---\n' "$1" "$code"
	code=$(printf '%s' "$code" | sed 's/[\\"]/\\&/g' | sed -z 's/\n/\\n/g')
	ask POST /execute "{\"container_id\":\"$id\",\"language\":\"$1\",\"code\":\"$code\"}"
}

# expect TEXT: the answer holds it
expect()
{
	case $answer in
	*"$1"*) ;;
	*)
		echo "hello: this answer should have $1" >&2
		exit 1
		;;
	esac
}

# member NAME: the text of that name in the answer
member() { printf '%s' "$answer" | sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/"; }

echo "--- POST /containers"
ask POST /containers
expect '"container_id":"'
id=$(member container_id)

execute python <<'END'
import matplotlib.pyplot as plt
squares = [n * n for n in range(1, 11)]
plt.plot(squares)
plt.show()
with open("squares.txt", "w") as file:
    print(*squares, file=file)
print("the sum is", sum(squares))
END
expect '"stdout":"the sum is 385\n"'
expect '"name":"figure_1.png","content":"iVBORw0KGgo'
member content | base64 -d >"$directory/figure_1.png"
echo "(the figure is $directory/figure_1.png)"

execute bash <<'END'
echo "Bash reads what Python wrote:"
tr ' ' '\n' <squares.txt | tail -n 3
END
expect '"stdout":"Bash reads what Python wrote:\n64\n81\n100\n"'

printf '\n--- DELETE /containers/%.12s...\n' "$id"
ask DELETE "/containers/$id"
expect '"status":"success"'
