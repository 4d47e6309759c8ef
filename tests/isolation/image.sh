#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Looks at the sandbox image from inside containers made as the gateway makes them.
# usage: tests/isolation/image.sh [IMAGE]    prints TAP
# shellcheck disable=SC2016 # what stands in single quotes is for the container's shell
set -u
exec </dev/null

image=${1:-code-sandbox:data}
uid=10777
count=0
failed=0

# as_root COMMAND...: all of the image can be seen, nothing is mounted over it
as_root() { docker run --rm --network none --user 0:0 --entrypoint bash "$image" -c "$1" 2>&1; }

# confined COMMAND: what user code meets
confined()
{
	docker run --rm --interactive --network none --user "$uid:10001" --read-only --cap-drop ALL \
		--security-opt no-new-privileges:true --memory 512m --memory-swap 512m \
		--pids-limit 256 --cpu-period 100000 --cpu-quota 100000 --shm-size 128m \
		--tmpfs "/home/sandbox:size=64m,nr_inodes=4096,mode=0700,uid=$uid,gid=10001" \
		--tmpfs "/tmp:size=64m,nr_inodes=4096,mode=1777,uid=$uid,gid=10001" \
		--env HOME=/home/sandbox --env MPLBACKEND=Agg --env PYTHONDONTWRITEBYTECODE=1 \
		--env PYTHONIOENCODING=utf-8 --env PYTHONUNBUFFERED=1 --env TMPDIR=/tmp/misc \
		--env XDG_CACHE_HOME=/tmp/.cache --entrypoint bash "$image" \
		-c "mkdir /tmp/misc /tmp/output; $1" 2>&1
}

# is NAME EXPECTED GOT
is()
{
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $count - $1"
	printf '%s\n' "expected:" "$2" "got:" "$3" | sed 's/^/# /'
}

if ! docker image inspect "$image" >/dev/null 2>&1; then
	echo "1..0 # SKIP no image $image"
	exit
fi

is "no file is setuid or setgid" "" "$(as_root 'find / -xdev -perm /6000')"
is "no file carries capabilities" "" \
	"$(as_root 'python3 -c "
import os
for top, _, names in os.walk(\"/usr\"):
    for name in names:
        path = os.path.join(top, name)
        if not os.path.islink(path) and \"security.capability\" in os.listxattr(path):
            print(path)"')"
is "only /tmp is writable for all" "/tmp" "$(as_root 'find / -xdev -perm -0002 ! -type l')"
is "every uid of the range is sandbox" "1024 sandbox 10001 /home/sandbox /usr/sbin/nologin" \
	"$(as_root 'getent passwd $(seq 10001 11024) |
		cut -d: -f1,4,6,7 --output-delimiter=" " | sort | uniq -c | xargs')"
is "HOME belongs to root and is empty" "700 root 2" \
	"$(as_root 'echo $(stat -c "%a %U" /home/sandbox) $(ls -a /home/sandbox | wc -l)')"
is "the supervisor is the entry point" "[/usr/libexec/code-gateway/sandbox-init] []" \
	"$(docker image inspect --format '{{.Config.Entrypoint}} {{.Config.Cmd}}' "$image")"
is "only root can change what we run" "" \
	"$(as_root 'find /usr/libexec/code-gateway ! -user root -o -perm /022 ! -type l')"
is "no certificate of the builder is left" "" \
	"$(as_root 'ls /etc/pip.conf /etc/pip-ca.crt /usr/local/share/ca-certificates/* 2>/dev/null')"

is "a container's uid is sandbox" "$uid sandbox 10001 sandbox" \
	"$(confined 'echo $(id -u) $(id -un) $(id -g) $(id -gn)')"
is "/tmp and HOME have their modes" "/tmp 1777 $uid /home/sandbox 700 $uid" \
	"$(confined 'stat -c "%n %a %u" /tmp /home/sandbox | xargs')"
is "/tmp and HOME can be written" "/home/sandbox 1 2 3" \
	"$(confined 'echo 1 >~/a && echo 2 >/tmp/b && echo 3 >/var/tmp/c &&
		echo $(pwd; cat ~/a /tmp/b /tmp/c)')"
is "nothing else can be written" "/home/sandbox /tmp" \
	"$(confined 'echo $(find / -xdev -writable ! -type l 2>/dev/null | sort)')"
is "python is Python 3.13" "3.13 3.13" \
	"$(confined 'for p in python python3; do
		$p -c "import sys; print(*sys.version_info[:2], sep=\".\")"; done' | xargs)"
is "Bash and the usual tools are there" "" \
	"$(confined 'for tool in awk bash bc bzip2 curl diff file find gawk grep gzip jq patch ps sed \
		sqlite3 tar tree unzip xargs xxd xz zip; do command -v $tool >/dev/null || echo $tool; done')"
is "pip can be used" "pip" "$(confined 'python -m pip --version' | cut -d' ' -f1)"
is "pip may install for the user" "no-such-package /home/sandbox/.local" \
	"$(confined 'python - <<END
import zipfile
with zipfile.ZipFile("no_such_package-1-py3-none-any.whl", "w") as wheel:
    info = "no_such_package-1.dist-info/"
    wheel.writestr("no_such_package.py", "")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: no-such-package\nVersion: 1\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(info + "RECORD", "")
END
		python -m pip install --user --no-cache-dir --quiet *.whl
		python -m pip list --user --format freeze | cut -d= -f1
		python -c "import no_such_package as n; print(n.__file__)" | grep -o "^.*/.local"' | xargs)"
is "byte code is there and valid for every module" "" "$(confined 'python - | head' <<'END'
import importlib.util, os, struct, sys

for root in [*sys.path[1:], "/usr/libexec/code-gateway/python"]:
    for top, _, names in os.walk(root):
        for name in names:
            path = os.path.join(top, name)
            if not name.endswith(".py") or not name[:-3].isidentifier():
                continue
            try:
                with open(importlib.util.cache_from_source(path), "rb") as code:
                    magic, flags, mtime, size = struct.unpack("<4s3I", code.read(16))
            except OSError:
                print("none", path)
                continue
            stat = os.stat(path)
            fresh = flags == 1 or flags == 0 and (mtime, size) == (int(stat.st_mtime), stat.st_size)
            if magic != importlib.util.MAGIC_NUMBER or not fresh:
                print("stale", path)
END
)"

case $image in
*:core) ;;
*)
	for module in numpy pandas scipy matplotlib matplotlib.pyplot seaborn sklearn sympy plotly \
		plotly.express requests PIL openpyxl yaml reportlab pydantic pptx docx; do
		modules="${modules:-}$module "
	done
	is "all packages import without a word" "" \
		"$(confined "for m in $modules; do python -W error::UserWarning -c \"import \$m\"; done")"
	is "matplotlib makes no font list and draws" "png" \
		"$(confined 'python -c "
import matplotlib.pyplot as p
p.plot([1, 2]); p.title(chr(0x3b1)); p.savefig(\"/tmp/output/a.png\")"
		find / -xdev -newer /tmp/misc -name "fontlist*" 2>/dev/null
		find /tmp ~ -name "fontlist*" -o -path "/tmp/matplotlib-*" -o -path "/tmp/misc/*"
		file -b --extension /tmp/output/a.png | cut -d/ -f1')"
	is "the font list names fonts that exist" "True True" \
		"$(confined 'python -c "
import os, matplotlib as m, matplotlib.font_manager as f
f = f.fontManager
paths = [os.path.join(m.get_data_path(), e.fname) for e in f.ttflist + f.afmlist]
print(all(map(os.path.exists, paths)), any(\"/usr/share/fonts\" in p for p in paths))"')"
	is "the packages work with each other" "" "$(confined 'cd /tmp/output; python -' <<'END'
import warnings
from typing import Annotated

import docx, matplotlib.pyplot as plt, numpy as np, pandas as pd, PIL.Image, plotly.express as px
import pptx, pydantic, reportlab.pdfgen.canvas, requests, scipy.optimize, seaborn as sns
import sklearn.linear_model, sympy, yaml
from PIL import ImageDraw, ImageFont

warnings.simplefilter("error", UserWarning)
a = np.arange(20) + 0.5
frame = pd.DataFrame({"a": a, "b": 3 * a + 1, "c": list("xy") * 10})
frame.to_excel("t.xlsx", index=False)
assert pd.read_excel("t.xlsx").equals(frame)
fit = sklearn.linear_model.LinearRegression().fit(frame[["a"]], frame["b"])
assert abs(fit.coef_[0] - 3) < 1e-9
assert abs(scipy.optimize.brentq(lambda x: x * x - 2, 0, 2) - 2**0.5) < 1e-9
assert sympy.integrate(sympy.Symbol("x") ** 2).diff() == sympy.Symbol("x") ** 2
for draw in sns.scatterplot, sns.boxplot, sns.barplot:
    draw(data=frame, x="c", y="b")
    plt.savefig("s.png")
    plt.close()
sns.regplot(data=frame, x="a", y="b")
plt.title(r"$\frac{1}{2}$")
for kind in "png", "svg", "pdf":
    plt.savefig("p." + kind)
picture = PIL.Image.open("p.png").convert("RGB")
ImageDraw.Draw(picture).text((1, 1), "x", font=ImageFont.truetype("DejaVuSans.ttf", 12))
picture.save("p.jpg")
picture.save("p.webp")
assert "plotly" in px.scatter(frame, x="a", y="b", color="c").to_html()
deck = pptx.Presentation()
deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_picture("p.png", 0, 0)
deck.save("d.pptx")
assert len(pptx.Presentation("d.pptx").slides) == 1
text = docx.Document()
text.add_heading("h")
text.add_picture("p.jpg")
text.save("d.docx")
page = reportlab.pdfgen.canvas.Canvas("r.pdf")
page.drawString(9, 9, "x")
page.drawImage("p.jpg", 9, 9)
page.save()
assert yaml.load("a: [1]", Loader=yaml.CSafeLoader) == {"a": [1]}


class Model(pydantic.BaseModel):
    n: Annotated[int, pydantic.Field(gt=0)]


assert Model.model_validate_json('{"n": 1}').n == 1
try:
    requests.get("http://127.0.0.1:9/", timeout=1)
except requests.ConnectionError:
    pass
END
)"
	;;
esac

echo "1..$count"
[ "$failed" -eq 0 ]
