#compdef credcheck
# SPDX-License-Identifier: BSD-2-Clause
#
# Completion in zsh of credcheck's options and their arguments, which are read
# from its --help.

local line text action
local -a match mbegin mend specs

for line in ${(f)"$(_call_program options $words[1] --help 2>/dev/null)"}; do
	[[ $line =~ '^ *(-.), (--[a-z-]+)( ([^ ]+))?  +(.*)$' ]] || continue
	case $match[4] in
	"")	action= ;;
	path)	action=':path:_files' ;;
	type)	action=":type:(${${match[5]//,/ }// or / })" ;;
	user*)	action=':user:_users' ;;
	*)	action=":${match[4]//:/\\:}: " ;;
	esac
	text="[${${match[5]//\[/(}//\]/)}]"
	if [[ -z $action ]]; then
		specs+=("($match[1] $match[2])$match[1]$text"
		    "($match[1] $match[2])$match[2]$text")
	else
		specs+=("($match[1] $match[2])$match[1]+$text$action"
		    "($match[1] $match[2])$match[2]=$text$action")
	fi
done
_arguments -s $specs
